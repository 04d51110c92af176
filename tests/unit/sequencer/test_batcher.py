"""The batcher over the real store."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from log_blocks import FIRST_TIME, GENESIS_HASH, hash_of, linked_block, random_transfer
from running import Switch

from rollup.core.batch import Batch, check_batch
from rollup.core.batch_body import decode_body, encode_body
from rollup.core.block import build_block_input
from rollup.core.cursor import Cursor
from rollup.core.errors import BadConfig, SignOnceViolation, UnreadableBatch
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import LedgerIndex
from rollup.sequencer.batcher import Batcher, BatchIdentity, check_readable
from rollup.sequencer.ports import BatcherPorts
from rollup.sequencer.settings import BatchSettings
from rollup.store.store import Store, open_store

IDENTITY = BatchIdentity(rollup_id=7, sequencer_epoch=3, genesis_hash=GENESIS_HASH, private_key=b"\x77" * 32)
PATIENT = BatchSettings(age_s_max=3_600.0)
AT_ONCE = BatchSettings(age_s_max=0.0)


@dataclass
class Posted:
    batches: list[Batch] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_batch(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.changed.set()

    async def until_block(self, number: int) -> None:
        async with asyncio.timeout(20):
            while not self.batches or self.batches[-1].header.last_block < number:
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Watched(Switch):
    """A backlog that tells when it was asked."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)

    def is_full(self) -> bool:
        self.asked.set()
        return self.full


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "store", GENESIS_HASH) as opened:
        yield opened


@asynccontextmanager
async def batching(
    store: Store, settings: BatchSettings, backlog: Switch | None = None
) -> AsyncIterator[tuple[Posted, Batcher]]:
    posted = Posted()
    held_back = backlog or Switch()
    ports = BatcherPorts(store.blocks, store.batches, store.sign_once, posted, lambda: float(FIRST_TIME), held_back)
    batcher = Batcher(ports, IDENTITY, settings)
    await batcher.start()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(batcher.run())
        yield posted, batcher
        task.cancel()


def fill(store: Store, first: int, last: int, data_bytes: int = 10) -> None:
    for number in range(first, last + 1):
        store.blocks.append_block(linked_block(number, [random_transfer(number, data_bytes)]))


async def test_blocks_become_a_signed_stored_and_recorded_batch(store: Store) -> None:
    cursors = [Cursor(LedgerIndex(index), 9, keccak(b"%d" % index)) for index in (2, 0)]
    store.blocks.append_block(linked_block(1, [random_transfer(1, 10)], cursors))
    later = Cursor(LedgerIndex(2), 12, keccak(b"later"))
    store.blocks.append_block(linked_block(2, [random_transfer(2, 10)], [later]))
    async with batching(store, AT_ONCE) as (posted, _):
        await posted.until_block(2)
    assert posted.batches[0].header.parent_hash == GENESIS_HASH
    batch, header = posted.batches[-1], posted.batches[-1].header
    check_batch(batch, address_of(IDENTITY.private_key))
    assert (header.rollup_id, header.sequencer_epoch, header.end_time) == (7, 3, FIRST_TIME + 2)
    assert (header.last_block_hash, header.state_root) == (hash_of(2), keccak(b"state 2"))
    assert header.cursors == (cursors[1], later)
    assert store.batches.last_batch() == batch
    assert store.sign_once.digest_of("batch", header.number) == batch.hash


async def test_batches_follow_each_other_and_carry_every_block_once(store: Store) -> None:
    fill(store, 1, 7)
    async with batching(store, replace(PATIENT, blocks_max=3)) as (posted, batcher):
        await posted.until_block(6)
        fill(store, 8, 9)
        batcher.wake()
        await posted.until_block(9)
    carried = [block for batch in posted.batches for block in decode_body(batch.body, batch.header.first_block)]
    assert carried == [
        build_block_input(linked_block(number, [random_transfer(number, 10)])) for number in range(1, 10)
    ]
    assert [batch.header.number for batch in posted.batches] == [1, 2, 3]
    assert [batch.header.parent_hash for batch in posted.batches[1:]] == [batch.hash for batch in posted.batches[:2]]


async def test_no_batch_closes_while_the_ledgers_take_none(store: Store) -> None:
    fill(store, 1, 4)
    backlog = Watched(full=True)
    async with batching(store, AT_ONCE, backlog) as (posted, batcher):
        for _ in range(3):
            backlog.asked.clear()
            batcher.wake()
            await asyncio.wait_for(backlog.asked.wait(), 20)
        assert posted.batches == []
        backlog.full = False
        batcher.wake()
        await posted.until_block(4)


async def test_bodies_fit_whatever_the_guess_was(store: Store) -> None:
    fill(store, 1, 24, data_bytes=400)
    settings = replace(PATIENT, body_bytes_max=2_000, age_s_max=0.0)
    async with batching(store, settings) as (posted, _):
        await posted.until_block(24)
    assert all(len(batch.body) <= 2_000 for batch in posted.batches)
    assert len(posted.batches) <= 8
    assert sum(batch.header.last_block - batch.header.first_block + 1 for batch in posted.batches) == 24


async def test_a_block_too_large_for_any_batch_stops_the_node_with_words(store: Store) -> None:
    fill(store, 1, 1, data_bytes=3_000)
    with pytest.raises(ExceptionGroup) as caught:
        async with batching(store, replace(AT_ONCE, body_bytes_max=2_000)) as (posted, _):
            await posted.until_block(1)
    assert caught.group_contains(BadConfig, match="block 1 alone makes a body of")


async def test_a_restart_goes_on_after_the_last_batch_and_announces_it_again(store: Store) -> None:
    fill(store, 1, 4)
    async with batching(store, replace(PATIENT, blocks_max=4)) as (posted, _):
        await posted.until_block(4)
    fill(store, 5, 6)
    async with batching(store, replace(PATIENT, blocks_max=2)) as (again, _):
        await again.until_block(6)
    assert again.batches[0] == posted.batches[0]
    assert (again.batches[1].header.first_block, again.batches[1].header.last_block) == (5, 6)


async def test_a_batch_stored_before_a_crash_is_recorded_before_it_is_announced(store: Store, tmp_path: Path) -> None:
    fill(store, 1, 2)
    with open_store(tmp_path / "twin", GENESIS_HASH) as twin:
        fill(twin, 1, 2)
        async with batching(twin, replace(PATIENT, blocks_max=2)) as (posted, _):
            await posted.until_block(2)
    store.batches.put_batch(posted.batches[0])
    async with batching(store, PATIENT) as (again, _):
        assert again.batches == posted.batches
        assert store.sign_once.digest_of("batch", 1) == posted.batches[0].hash


async def test_a_number_that_was_signed_otherwise_is_never_announced(store: Store) -> None:
    fill(store, 1, 1)
    store.sign_once.claim("batch", 1, keccak(b"another batch 1"))
    with pytest.raises(ExceptionGroup) as caught:
        async with batching(store, AT_ONCE) as (posted, _):
            await posted.until_block(1)
    assert caught.group_contains(SignOnceViolation)
    assert posted.batches == []
    with pytest.raises(SignOnceViolation):
        async with batching(store, AT_ONCE):
            pytest.fail("it started")


def test_the_largest_block_fits_the_default_batch() -> None:
    body = encode_body([build_block_input(linked_block(1, [random_transfer(1, 98_000), random_transfer(2, 1_700)]))])
    assert len(body) <= BatchSettings().body_bytes_max


def test_what_does_not_read_back_as_its_own_blocks_is_never_signed() -> None:
    inputs = [build_block_input(linked_block(number, [random_transfer(number, 10)])) for number in (1, 2)]
    body = encode_body(inputs)
    check_readable(body, inputs)
    with pytest.raises(UnreadableBatch, match="come back as others"):
        check_readable(body, [inputs[0], replace(inputs[1], timestamp=inputs[1].timestamp + 1)])
    with pytest.raises(UnreadableBatch, match="blocks 1 to 2"):
        check_readable(body[:-1], inputs)
