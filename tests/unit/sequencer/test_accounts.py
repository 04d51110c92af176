"""The account cache and its loader."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from pool_accounts import account_of

from rollup.core.errors import Overloaded
from rollup.core.execution import AccountState
from rollup.core.hashes import keccak
from rollup.core.ids import Address, BlockNumber
from rollup.sequencer.accounts import AccountCache, AccountLoader, SenderAccount


def known(nonce: int, as_of: int, index: int = 1, *, delegated: bool = False) -> SenderAccount:
    return SenderAccount(account_of(index, nonce), delegated, BlockNumber(as_of))


def test_what_is_newer_wins_whichever_comes_last() -> None:
    cache, address = AccountCache(10), account_of(1).address
    cache.update(account_of(1, nonce=5), BlockNumber(8))
    assert cache.learn(known(4, as_of=7)).state.nonce == 5  # a read that set out before block 8 was sealed
    assert cache.learn(known(6, as_of=9)).state.nonce == 6
    assert cache.get(address) == known(6, as_of=9)


def test_the_least_recently_seen_make_room() -> None:
    cache = AccountCache(2)
    for index in (1, 2, 1, 3):
        cache.learn(known(0, 1, index))
    assert [cache.get(account_of(index).address) is None for index in (1, 2, 3)] == [False, True, False]


def test_code_that_is_new_is_read_again() -> None:
    cache, address = AccountCache(10), account_of(1).address
    designator = replace(account_of(1), code_hash=keccak(b"designator"))
    cache.learn(SenderAccount(designator, delegated=True, as_of=BlockNumber(1)))
    cache.update(replace(designator, nonce=1), BlockNumber(2))
    assert cache.get(address) == SenderAccount(replace(designator, nonce=1), delegated=True, as_of=BlockNumber(2))
    cache.update(replace(designator, code_hash=keccak(b"other code")), BlockNumber(3))
    assert cache.get(address) is None
    cache.update(account_of(1), BlockNumber(4))
    assert cache.get(address) == known(0, 4)


@dataclass
class CountedReads:
    """An executor that answers from a table behind a gate, and can be busy. Only reads are asked of it here."""

    code: bytes = b""
    is_busy: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    reads: list[tuple[Address, ...]] = field(default_factory=list)

    async def read_accounts(self, addresses: tuple[Address, ...], block: BlockNumber) -> tuple[AccountState, ...]:
        self.reads.append(addresses)
        self.entered.set()
        await self.gate.wait()
        if self.is_busy:
            raise Overloaded("queue full")
        code_hash = keccak(self.code)
        return tuple(replace(account_of(0), address=address, code_hash=code_hash) for address in addresses)

    async def read_code(self, address: Address, block: BlockNumber) -> bytes:
        return self.code


@asynccontextmanager
async def loading(executor: CountedReads) -> AsyncIterator[AccountLoader]:
    loader = AccountLoader(executor, AccountCache(100), lambda: BlockNumber(3))  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(loader.run())
        yield loader
        task.cancel()


async def test_everybody_who_waits_shares_one_read_and_the_next_answer_is_at_hand() -> None:
    executor = CountedReads()
    addresses = [account_of(index).address for index in range(5)]
    async with loading(executor) as loader, asyncio.TaskGroup() as callers:
        callers.create_task(loader.load(addresses[0]))
        await executor.entered.wait()
        for address in addresses * 3:
            callers.create_task(loader.load(address))
        await asyncio.sleep(0)
        executor.gate.set()
    assert [set(read) for read in executor.reads] == [{addresses[0]}, set(addresses[1:])]
    async with loading(executor) as loader:
        await loader.load(addresses[0])
        reads = len(executor.reads)
        await loader.load(addresses[0])
        assert len(executor.reads) == reads


@pytest.mark.parametrize(
    ("code", "delegated"), [(b"\xef\x01\x00" + bytes(20), True), (b"\xef\x01\x00", False), (b"\x60\x00", False)]
)
async def test_only_a_designator_makes_an_account_delegated(code: bytes, delegated: bool) -> None:
    executor = CountedReads(code)
    executor.gate.set()
    async with loading(executor) as loader:
        assert (await loader.load(account_of(1).address)).delegated is delegated


async def test_a_busy_engine_is_an_answer_and_not_the_end() -> None:
    executor = CountedReads(is_busy=True)
    executor.gate.set()
    async with loading(executor) as loader:
        with pytest.raises(Overloaded, match="queue full"):
            await loader.load(account_of(1).address)
        executor.is_busy = False
        assert (await loader.load(account_of(1).address)).as_of == 3


async def test_what_nobody_waits_for_is_read_when_the_engine_has_time() -> None:
    executor = CountedReads(is_busy=True)
    executor.gate.set()
    loader = AccountLoader(executor, AccountCache(100), lambda: BlockNumber(3))  # type: ignore[arg-type]
    reading = asyncio.ensure_future(loader.read_patiently((account_of(1).address,)))
    await executor.entered.wait()
    executor.is_busy = False
    assert [each.state.address for each in await reading] == [account_of(1).address]
    assert len(executor.reads) == 2


async def test_stopping_answers_those_who_wait() -> None:
    executor = CountedReads()
    async with loading(executor) as loader:
        waiting = asyncio.ensure_future(loader.load(account_of(1).address))
        await executor.entered.wait()
    with pytest.raises(Overloaded, match="the node is stopping"):
        await waiting
