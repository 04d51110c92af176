"""Searches for logs run in threads of their own.

A long one then holds up neither the event loop nor the synced writes, which share the loop's default threads.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from types import TracebackType
from typing import Self

from rollup.core.errors import Overloaded
from rollup.core.logs import FoundLog, LogFilter
from rpc.ports import ChainReader

THREADS = 2


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
        """Raises TooManyLogs, and Overloaded when too many searches run or wait, given up ones among them."""
        if not self._room.acquire(blocking=False):
            raise Overloaded(f"{self._searches_max} log queries are waiting")
        search = self._threads.submit(self._chain.find_logs, log_filter, count_max)
        search.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(search)
