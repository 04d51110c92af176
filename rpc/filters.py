"""Filters that are polled (eth_newFilter and its kin): for each, how far its client has heard.

A filter holds a place in the chain, not what happened since: changes are read when they are asked for, so that a filter
that nobody polls costs nothing. Only what cannot be read later is kept: logs that a rewind removed, and the hashes of
waiting transactions while somebody filters for them. Filters end five minutes after the last poll, as geth's.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from rollup.core.errors import Overloaded
from rollup.core.ids import BlockNumber, Hash
from rollup.core.logs import is_match
from rpc.errors import SERVER_ERROR, RpcError
from rpc.feed import ChainFeed
from rpc.log_interest import build_filter
from rpc.log_params import LogQuery
from rpc.news import ChainRewound, LogNews, News, TransactionWaits
from rpc.subscriptions import make_id

REMOVED_LOGS_MAX = 10_000
"""Per filter. A client that misses more than that is told to begin anew."""
PENDING_MAX = 65_536
"""Hashes of waiting transactions that are remembered for all filters together."""

FilterKind = Literal["logs", "blocks", "pending"]


@dataclass(slots=True)
class Filter:
    """``heard`` is the last block (or, for waiting transactions, the last serial) that its client knows of."""

    kind: FilterKind
    heard: int
    polled_at: float
    query: LogQuery | None = None
    is_full: bool = False
    removed: list[LogNews] = field(default_factory=list)


class FilterBook:
    """All filters of a listener; bounded in count, memory and time."""

    def __init__(self, feed: ChainFeed, count_max: int, expiry_s: float) -> None:
        self._feed = feed
        self._count_max = count_max
        self._expiry_s = expiry_s
        self._clock: Callable[[], float] = time.monotonic
        self._filters: OrderedDict[str, Filter] = OrderedDict()  # the one polled longest ago first
        self._pending: deque[tuple[int, Hash]] = deque(maxlen=PENDING_MAX)
        feed.listen("rewinds", self)

    @property
    def serial(self) -> int:
        """Where a filter for waiting transactions begins."""
        return self._feed.serial

    def install(self, made: Filter) -> str:
        """Raises Overloaded when there are too many."""
        self._expire()
        if len(self._filters) >= self._count_max:
            raise Overloaded(f"{self._count_max} filters are installed")
        name = make_id()
        self._filters[name] = made
        if made.kind == "pending":
            self._feed.listen("newPendingTransactions", self)
        return name

    def new(self, kind: FilterKind, heard: int, query: LogQuery | None = None, *, is_full: bool = False) -> Filter:
        return Filter(kind, heard, self._clock(), query, is_full)

    def find(self, name: str) -> Filter:
        """The filter, which is alive again for a while. Raises RpcError, as geth, when there is none."""
        self._expire()
        found = self._filters.get(name)
        if found is None:
            raise RpcError(SERVER_ERROR, "filter not found")
        found.polled_at = self._clock()
        self._filters.move_to_end(name)
        return found

    def remove(self, name: str) -> bool:
        """Whether there was such a filter."""
        known = self._filters.pop(name, None)
        if known is not None and known.kind == "pending":
            self._forget_pending()
        return known is not None

    def take_pending(self, name: str, wanted: Filter) -> list[Hash]:
        """Transactions that came since the last poll. Raises RpcError when the client slept through too many."""
        first = self._pending[0][0] if self._pending else 0
        if len(self._pending) == PENDING_MAX and wanted.heard < first - 1:
            self.remove(name)
            raise RpcError(SERVER_ERROR, "filter not found: too many transactions since the last poll")
        hashes = [found for serial, found in self._pending if serial > wanted.heard]
        wanted.heard = self._feed.serial
        return hashes

    def on_news(self, news: News) -> None:
        """Fits the feed's Hearer."""
        if isinstance(news, TransactionWaits):
            self._pending.append((news.serial, news.transaction.hash))
        elif isinstance(news, ChainRewound):
            for name, known in tuple(self._filters.items()):
                self._rewind(name, known, news.number, news.logs)

    def _rewind(self, name: str, known: Filter, number: BlockNumber, logs: tuple[LogNews, ...]) -> None:
        if known.kind == "pending" or known.heard <= number:
            return
        if known.query is not None:
            wanted = build_filter(known.query)
            known.removed += [
                log for log in logs if log.found.block_number <= known.heard and is_match(wanted, log.found.log)
            ]
        known.heard = number
        if len(known.removed) > REMOVED_LOGS_MAX:
            self.remove(name)

    def _expire(self) -> None:
        until = self._clock() - self._expiry_s
        while self._filters and next(iter(self._filters.values())).polled_at < until:
            self.remove(next(iter(self._filters)))

    def _forget_pending(self) -> None:
        if not any(known.kind == "pending" for known in self._filters.values()):
            self._feed.leave("newPendingTransactions", self)
            self._pending.clear()
