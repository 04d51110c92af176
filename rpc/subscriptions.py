"""The subscriptions of one connection: which news become which messages (geth's eth_subscribe)."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from rpc.errors import LIMIT_EXCEEDED, METHOD_NOT_FOUND, SERVER_ERROR, InvalidArgument, RpcError, invalid_params
from rpc.feed import ChainFeed, Hearer
from rpc.log_interest import LogInterests, build_filter, criteria_count
from rpc.log_params import LogQuery, read_log_query
from rpc.method import Method, Param
from rpc.news import ChainRewound, HeadAdded, LogsChanged, News, SyncChanged, Topic, TransactionWaits
from rpc.scalars import read_bool

CRITERIA_MAX = 20_000
"""Addresses and topics that all subscriptions of a connection may name together."""
LOGS_PER_PORTION = 16
_TOPICS: tuple[Topic, ...] = ("newHeads", "logs", "newPendingTransactions", "syncing")


@dataclass(frozen=True, slots=True)
class _Subscription:
    """``since`` is the feed's serial when it began: news up to it are not for it."""

    topic: Topic
    since: int
    prefix: bytes
    is_full: bool = False
    criteria: int = 0


def make_id() -> str:
    """Not to be guessed, in hex without leading zeros as geth's ids."""
    return hex(secrets.randbits(128))


def read_topic(value: object) -> Topic:
    """Raises RpcError in geth's words for what nobody can subscribe to."""
    for topic in _TOPICS:
        if topic == value:
            return topic
    if not isinstance(value, str):
        raise InvalidArgument("expected subscription name as first argument")
    raise RpcError(METHOD_NOT_FOUND, f'no "{value[:100]}" subscription in eth namespace')


class SubscriptionSet:
    """Has ``hearer`` told what any of its subscriptions wants."""

    def __init__(self, feed: ChainFeed, hearer: Hearer, count_max: int) -> None:
        self._feed = feed
        self._hearer = hearer
        self._count_max = count_max
        self._subscriptions: dict[str, _Subscription] = {}
        self._by_topic: dict[Topic, dict[str, _Subscription]] = {topic: {} for topic in _TOPICS}
        self._interests = LogInterests()
        self._criteria = 0

    def __len__(self) -> int:
        return len(self._subscriptions)

    def table(self) -> dict[str, Method]:
        return {
            "eth_subscribe": Method(self.subscribe, (Param(read_topic), Param(_as_it_came, None))),
            "eth_unsubscribe": Method(self.unsubscribe, (Param(_as_it_came),)),
        }

    async def subscribe(self, topic: Topic, option: object) -> str:
        """``option``: a filter for logs, whether whole transactions are wanted for pending ones."""
        if len(self) >= self._count_max:
            raise RpcError(LIMIT_EXCEEDED, f"too many subscriptions on this connection, at most {self._count_max}")
        try:
            return self._add(topic, option)
        except InvalidArgument as error:
            raise invalid_params(f"invalid argument 1: {error}") from error

    async def unsubscribe(self, subscription: object) -> bool:
        known = self._subscriptions.get(subscription) if isinstance(subscription, str) else None
        if not isinstance(subscription, str) or known is None:
            raise RpcError(SERVER_ERROR, "subscription not found")
        self._remove(subscription, known)
        return True

    def close(self) -> None:
        """The connection is gone."""
        for topic in _TOPICS:
            self._feed.leave(topic, self._hearer)

    def build_messages(self, news: News) -> Iterator[list[bytes]]:
        """The messages that a piece of news makes here, in portions between which others may have the loop."""
        match news:
            case HeadAdded() | SyncChanged():
                topic: Topic = "newHeads" if isinstance(news, HeadAdded) else "syncing"
                yield [
                    each.prefix + news.text + b"}}"
                    for each in self._by_topic[topic].values()
                    if each.since < news.serial
                ]
            case TransactionWaits():
                yield [
                    each.prefix + (news.text if each.is_full else news.hash_text) + b"}}"
                    for each in self._by_topic["newPendingTransactions"].values()
                    if each.since < news.serial
                ]
            case LogsChanged():
                yield from self._build_log_messages(news)
            case ChainRewound():
                return

    def _build_log_messages(self, news: LogsChanged) -> Iterator[list[bytes]]:
        wanting = self._by_topic["logs"]
        for first in range(0, len(news.logs), LOGS_PER_PORTION):
            messages: list[bytes] = []
            for log in news.logs[first : first + LOGS_PER_PORTION]:
                takers = [wanting[subscription] for subscription in self._interests.find(log.found)]
                messages += [each.prefix + log.text + b"}}" for each in takers if each.since < news.serial]
            yield messages

    def _add(self, topic: Topic, option: object) -> str:
        subscription = make_id()
        query = read_log_query(option or {}) if topic == "logs" else None
        criteria = 0 if query is None else self._check_criteria(query)
        is_full = topic == "newPendingTransactions" and option is not None and read_bool(option)
        prefix = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"%b","result":'
        made = _Subscription(topic, self._feed.serial, prefix % subscription.encode(), is_full, criteria)
        if query is not None:
            self._interests.add(subscription, build_filter(query))
        self._criteria += criteria
        self._subscriptions[subscription] = self._by_topic[topic][subscription] = made
        self._feed.listen(topic, self._hearer)
        return subscription

    def _remove(self, subscription: str, known: _Subscription) -> None:
        del self._subscriptions[subscription], self._by_topic[known.topic][subscription]
        self._interests.remove(subscription)
        self._criteria -= known.criteria
        if not self._by_topic[known.topic]:
            self._feed.leave(known.topic, self._hearer)

    def _check_criteria(self, query: LogQuery) -> int:
        count = criteria_count(query)
        if self._criteria + count > CRITERIA_MAX:
            raise RpcError(LIMIT_EXCEEDED, f"too many addresses and topics on this connection, at most {CRITERIA_MAX}")
        return count


def _as_it_came(value: object) -> object:
    return value
