"""Log searches in threads: bounded, and nobody waits for one that was given up."""

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from made_chain import MadeChain

from rollup.core.block import Log
from rollup.core.errors import Overloaded, TooManyLogs
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, BlockNumber
from rollup.core.logs import FoundLog, LogFilter
from rpc.log_search import LogSearch

FILTER = LogFilter(BlockNumber(0), BlockNumber(1))


@dataclass(frozen=True)
class SlowChain(MadeChain):
    """Searches until it is released."""

    blocks: tuple[()] = ()
    released: threading.Event = field(default_factory=threading.Event)

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        self.released.wait(10)
        if count_max == 0:
            raise TooManyLogs("more than 0")
        return ()


async def test_searches_beyond_the_bound_are_refused_until_others_end() -> None:
    chain = SlowChain()
    with LogSearch(chain, searches_max=3) as search:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(search.find(FILTER, 5)) for _ in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(Overloaded, match="3 log queries are waiting"):
                await search.find(FILTER, 5)
            chain.released.set()
        assert [task.result() for task in running] == [()] * 3
        assert await search.find(FILTER, 5) == ()


async def test_a_search_given_up_counts_until_it_ends() -> None:
    chain = SlowChain()
    with LogSearch(chain, searches_max=1) as search:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(search.find(FILTER, 5), 0.01)
        with pytest.raises(Overloaded):
            await search.find(FILTER, 5)
        chain.released.set()


@dataclass(frozen=True)
class LongChain(SlowChain):
    """Writes down what it is asked for; finds one log per block where ``finds`` says so."""

    asked: list[tuple[int, int]] = field(default_factory=list)
    finds: bool = False

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        self.asked.append((log_filter.first, log_filter.last))
        self.released.wait(10)
        count = (log_filter.last - log_filter.first + 1) * self.finds
        if count > count_max:
            raise TooManyLogs(f"more than {count_max}")
        log = Log(ZERO_ADDRESS, (), b"")
        numbers = range(log_filter.first, log_filter.last + 1) if self.finds else ()
        return tuple(FoundLog(log, BlockNumber(number), ZERO_HASH, 0, ZERO_HASH, 0, 0) for number in numbers)


async def test_a_search_given_up_ends_soon() -> None:
    chain = LongChain()
    with LogSearch(chain, searches_max=1) as search:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(search.find(LogFilter(BlockNumber(0), BlockNumber(10**9)), 5), 0.01)
        chain.released.set()
        assert await _find_when_free(search, FILTER) == ()
    assert chain.asked == [(0, 4095), (0, 1)]


async def _find_when_free(search: LogSearch, log_filter: LogFilter) -> tuple[FoundLog, ...]:
    async with asyncio.timeout(5):
        while True:
            with suppress(Overloaded):
                return await search.find(log_filter, 5)
            await asyncio.sleep(0)


async def test_spans_add_up_to_the_range_that_was_asked_for() -> None:
    chain = LongChain(finds=True)
    chain.released.set()
    with LogSearch(chain, searches_max=1) as search:
        found = await search.find(LogFilter(BlockNumber(3), BlockNumber(9000)), 8998)
        assert [log.block_number for log in found] == list(range(3, 9001))
        with pytest.raises(TooManyLogs, match="more than 8997 logs in blocks 3 to 9000"):
            await search.find(LogFilter(BlockNumber(3), BlockNumber(9000)), 8997)


async def test_errors_of_the_search_come_through() -> None:
    chain = SlowChain()
    chain.released.set()
    with LogSearch(chain, searches_max=1) as search, pytest.raises(TooManyLogs):
        await search.find(FILTER, 0)
