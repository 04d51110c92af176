"""Searches for logs run in threads of their own.

A long one then holds up neither the event loop nor the synced writes, which share the loop's default threads.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import BoundedSemaphore, Event
from types import TracebackType
from typing import Self

from rollup.core.errors import Overloaded, TooManyLogs
from rollup.core.ids import BlockNumber
from rollup.core.logs import FoundLog, LogFilter
from rpc.ports import ChainReader

THREADS = 2
BLOCKS_PER_SPAN = 4096
"""Looked through between two questions whether anybody still waits: seconds, whatever the blocks hold."""


class LogSearch:
    """A context manager; leaving it does not wait for searches that run."""

    def __init__(self, chain: ChainReader, searches_max: int) -> None:
        self._chain = chain
        self._searches_max = searches_max
        self._room = BoundedSemaphore(searches_max)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="rpc-logs")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def find(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        """Raises TooManyLogs, and Overloaded when too many searches run or wait. One that is given up ends with the
        span of blocks that it is in."""
        if not self._room.acquire(blocking=False):
            raise Overloaded(f"{self._searches_max} log queries are waiting")
        given_up = Event()
        search = self._threads.submit(self._find, log_filter, count_max, given_up)
        search.add_done_callback(lambda _: self._room.release())
        try:
            return await asyncio.wrap_future(search)
        finally:
            given_up.set()

    def _find(self, log_filter: LogFilter, count_max: int, given_up: Event) -> tuple[FoundLog, ...]:
        found: list[FoundLog] = []
        for first in range(log_filter.first, log_filter.last + 1, BLOCKS_PER_SPAN):
            if given_up.is_set():
                break  # nobody waits for what is found
            last = BlockNumber(min(first + BLOCKS_PER_SPAN - 1, log_filter.last))
            span = replace(log_filter, first=BlockNumber(first), last=last)
            try:
                found += self._chain.find_logs(span, count_max - len(found))
            except TooManyLogs as error:
                words = f"more than {count_max} logs in blocks {log_filter.first} to {log_filter.last}"
                raise TooManyLogs(words) from error
        return tuple(found)
