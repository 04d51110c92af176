"""Log searches in threads: bounded, and nobody waits for one that was given up."""

import asyncio
import threading
from dataclasses import dataclass, field

import pytest
from made_chain import MadeChain

from rollup.core.errors import Overloaded, TooManyLogs
from rollup.core.ids import BlockNumber
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


async def test_errors_of_the_search_come_through() -> None:
    chain = SlowChain()
    chain.released.set()
    with LogSearch(chain, searches_max=1) as search, pytest.raises(TooManyLogs):
        await search.find(FILTER, 0)
