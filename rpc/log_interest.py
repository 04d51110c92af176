"""Who wants which logs: subscriptions found by address or first topic, so that a log costs what its takers cost."""

from collections.abc import Iterator

from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter, is_match
from rpc.log_params import LogQuery

Wanted = dict[str, LogFilter]


def criteria_count(query: LogQuery) -> int:
    """Addresses and topics that a query names: what it takes to remember it."""
    return len(query.addresses) + sum(len(choices or ()) for choices in query.topics)


def build_filter(query: LogQuery) -> LogFilter:
    """Addresses and topics of a query, of any block."""
    return LogFilter(BlockNumber(0), BlockNumber(0), query.addresses, query.topics)


class LogInterests:
    """Filters by the id of their subscription."""

    def __init__(self) -> None:
        self._by_address: dict[Address, Wanted] = {}
        self._by_topic: dict[Hash, Wanted] = {}
        self._others: Wanted = {}
        self._filters: Wanted = {}

    def add(self, subscription: str, wanted: LogFilter) -> None:
        self._filters[subscription] = wanted
        for shelf in self._shelves(wanted, is_new=True):
            shelf[subscription] = wanted

    def remove(self, subscription: str) -> None:
        """Unknown ones are no fault."""
        wanted = self._filters.pop(subscription, None)
        if wanted is None:
            return
        for shelf in self._shelves(wanted, is_new=False):
            shelf.pop(subscription, None)
        for address in wanted.addresses:
            if not self._by_address.get(address, True):
                del self._by_address[address]
        for topic in (wanted.topics[0] if wanted.topics else None) or ():
            if not self._by_topic.get(topic, True):
                del self._by_topic[topic]

    def find(self, found: FoundLog) -> Iterator[str]:
        """Ids of the subscriptions that want this log."""
        log = found.log
        shelves = [self._others, self._by_address.get(log.address, {})]
        if log.topics:
            shelves.append(self._by_topic.get(log.topics[0], {}))
        for shelf in shelves:
            for subscription, wanted in shelf.items():
                if is_match(wanted, log):
                    yield subscription

    def _shelves(self, wanted: LogFilter, *, is_new: bool) -> Iterator[Wanted]:
        """Every filter stands on shelves of one kind only, so that none is found twice."""
        first = wanted.topics[0] if wanted.topics else None
        if wanted.addresses:
            for address in set(wanted.addresses):
                yield self._by_address.setdefault(address, {}) if is_new else self._by_address.get(address, {})
        elif first:
            for topic in set(first):
                yield self._by_topic.setdefault(topic, {}) if is_new else self._by_topic.get(topic, {})
        else:
            yield self._others
