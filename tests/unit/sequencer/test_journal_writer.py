"""Group commit over the real journal, and over disks that fail."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollup.core.errors import DiskFull, Overloaded
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.sequencer.journal_writer import JournalWriter
from rollup.store.journal import Journal as StoreJournal
from rollup.store.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store", keccak(b"genesis")) as opened:
        yield opened


@dataclass
class GatedJournal:
    """The store's journal behind a gate that a test opens, with a note of every write."""

    inner: StoreJournal
    gate: threading.Event = field(default_factory=threading.Event)
    writes: list[list[bytes]] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)

    def append(self, raws: Sequence[bytes]) -> None:
        self.entered.set()
        self.gate.wait(20)
        self.writes.append(list(raws))
        self.inner.append(raws)

    def remove(self, hashes: Sequence[Hash]) -> None:
        self.inner.remove(hashes)

    def replay(self) -> list[bytes]:
        return self.inner.replay()


@dataclass
class FullDisk:
    def append(self, raws: Sequence[bytes]) -> None:
        raise DiskFull("no space left on device")

    def remove(self, hashes: Sequence[Hash]) -> None:
        raise DiskFull("no space left on device")

    def replay(self) -> list[bytes]:
        return []


@asynccontextmanager
async def writing(writer: JournalWriter) -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writer.run())
        yield group
        task.cancel()


def row(number: int) -> tuple[Hash, bytes]:
    raw = b"transaction %d" % number
    return keccak(raw), raw


async def test_what_arrives_during_a_write_shares_the_next(store: Store) -> None:
    journal = GatedJournal(store.journal)
    writer = JournalWriter(journal, waiting_max=100)
    async with writing(writer), asyncio.TaskGroup() as callers:
        callers.create_task(writer.append(*row(0)))
        assert await asyncio.to_thread(journal.entered.wait, 20)
        rest = [callers.create_task(writer.append(*row(number))) for number in range(1, 50)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in rest)
        journal.gate.set()
    assert [len(write) for write in journal.writes] == [1, 49]
    assert store.journal.replay() == [row(number)[1] for number in range(50)]


async def test_forgetting_follows_the_write_that_it_undoes(store: Store) -> None:
    writer = JournalWriter(store.journal, waiting_max=100)
    async with writing(writer):
        first = asyncio.ensure_future(writer.append(*row(1)))
        await asyncio.sleep(0)
        writer.forget([row(1)[0]])
        await first
        await writer.append(*row(2))
        await writer.append(*row(3))
    assert store.journal.replay() == [row(2)[1], row(3)[1]]


async def test_what_comes_back_before_its_row_is_removed_stays(store: Store) -> None:
    writer = JournalWriter(store.journal, waiting_max=100)
    async with writing(writer):
        await writer.append(*row(1))
        writer.forget([row(1)[0]])
        await writer.append(*row(1))
        await writer.append(*row(2))
    assert store.journal.replay() == [row(1)[1], row(2)[1]]


async def test_a_full_disk_fails_those_who_wait_and_stops_the_node() -> None:
    writer = JournalWriter(FullDisk(), waiting_max=100)
    run = asyncio.ensure_future(writer.run())
    with pytest.raises(DiskFull):
        await writer.append(*row(1))
    with pytest.raises(DiskFull):
        await run


async def test_too_many_waiting_are_refused(store: Store) -> None:
    writer = JournalWriter(store.journal, waiting_max=1)
    async with writing(writer):
        first = asyncio.ensure_future(writer.append(*row(1)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="too many transactions wait for the disk"):
            await writer.append(*row(2))
        await first


async def test_stopping_answers_everybody(store: Store) -> None:
    journal = GatedJournal(store.journal)
    writer = JournalWriter(journal, waiting_max=100)
    async with writing(writer):
        under_way = asyncio.ensure_future(writer.append(*row(1)))
        assert await asyncio.to_thread(journal.entered.wait, 20)
        behind = asyncio.ensure_future(writer.append(*row(2)))
        await asyncio.sleep(0)
    for waiting in (under_way, behind):
        with pytest.raises(Overloaded, match="the node is stopping"):
            await waiting
    journal.gate.set()
