"""How a node comes back: from what is on disk to the state in which the machine starts. Ledgers are read after that.

Batches above the anchor's last checkpoint come back *unanchored*: the watcher reads those blocks again, and whatever
the anchor still carries is anchored anew without being executed again. What it does not carry is rewound then. That is
how a node walks back to the last batch whose anchor block is still canonical, whatever happened while it was away.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rollup.consensus.checkpoint import (
    FROZEN_KEY,
    LedgerCheckpoint,
    decode_checkpoint,
    decode_void,
    ledger_key,
    void_key,
)
from rollup.consensus.ports import BatchStore, BlockStore, Executor, ProgressStore
from rollup.consensus.rules import signed_header
from rollup.consensus.state import (
    HISTORY_BATCHES_MAX,
    Entry,
    LedgerView,
    Role,
    Settings,
    State,
    genesis_entry,
    initial_state,
)
from rollup.core.batch import Batch
from rollup.core.cursor import Cursor
from rollup.core.errors import BadDataDirectory, StoreCorrupted
from rollup.core.genesis import LedgerRole, LedgerSpec
from rollup.core.ids import BatchNumber, BlockNumber

BLOCKS_AT_ONCE_MAX = 64


@dataclass(frozen=True, slots=True)
class RestoreParts:
    executor: Executor
    batches: BatchStore
    blocks: BlockStore
    progress: ProgressStore


@dataclass(frozen=True, slots=True)
class Restored:
    """``cursors`` are those in sealed blocks, by ledger."""

    state: State
    checkpoints: Mapping[int, LedgerCheckpoint]
    cursors: tuple[Cursor, ...]


async def restore(settings: Settings, parts: RestoreParts) -> Restored:
    """Bring state, store and chain to one point. Raises BadDataDirectory when the data belong to another rollup and
    StoreCorrupted when records contradict each other."""
    head = await parts.executor.head()
    if head.genesis_hash != settings.genesis_hash:
        raise BadDataDirectory("the state in the data directory belongs to another genesis")
    checkpoints = await asyncio.to_thread(_read_checkpoints, settings, parts.progress)
    anchored = next((checkpoints.get(spec.index) for spec in settings.ledgers if spec.role is LedgerRole.ANCHOR), None)
    height = head.header.number
    chain = await asyncio.to_thread(_read_chain, settings, parts, anchored, height)
    await asyncio.to_thread(parts.batches.rewind, chain[-1].number)
    if settings.role is Role.FOLLOWER:
        height = await _align_blocks(parts, chain, height)
    views = tuple(_read_view(spec, checkpoints.get(spec.index)) for spec in settings.ledgers)
    is_frozen = await asyncio.to_thread(parts.progress.get, FROZEN_KEY) is not None
    state = replace(initial_state(settings, chain, views, height), is_frozen=is_frozen)
    cursors = await asyncio.to_thread(_read_cursors, parts, chain, height)
    return Restored(state, checkpoints, cursors)


def cursors_after(batches: BatchStore, progress: ProgressStore, number: int) -> tuple[Cursor, ...]:
    """How far the ledgers were read after a batch: as its header says, or that before it when it is void."""
    while number:
        batch = batches.batch(BatchNumber(number))
        if batch is not None and find_void(progress, batch) is None:
            return batch.header.cursors
        number -= 1
    return ()


def find_void(progress: ProgressStore, batch: Batch) -> BlockNumber | None:
    """The head after the batch if it was found void."""
    record = progress.get(void_key(batch.header.number))
    void = decode_void(record) if record is not None else None
    return void.block_after if void is not None and void.batch_hash == batch.hash else None


def _read_checkpoints(settings: Settings, progress: ProgressStore) -> dict[int, LedgerCheckpoint]:
    found = ((int(spec.index), progress.get(ledger_key(spec.index))) for spec in settings.ledgers)
    return {index: decode_checkpoint(record) for index, record in found if record is not None}


def _read_chain(
    settings: Settings, parts: RestoreParts, anchored: LedgerCheckpoint | None, height: int
) -> tuple[Entry, ...]:
    """The batches in store, as far as they follow each other. What is not derived counts only up to the checkpoint: the
    watcher will not bring it again."""
    last = anchored.number if anchored else 0
    chain = [_read_first(settings, parts, max(last - HISTORY_BATCHES_MAX, 0))]
    while (batch := parts.batches.batch(BatchNumber(chain[-1].number + 1))) is not None:
        entry = _read_entry(settings, parts.progress, batch, chain[-1], height)
        if batch.header.parent_hash != chain[-1].hash or (entry.block_after is None and entry.number > last):
            break
        chain.append(_anchored(entry, anchored))
    if chain[-1].number < last:
        raise StoreCorrupted(f"batch {last} was final on the anchor ledger, the store ends at {chain[-1].number}")
    return tuple(chain)


def _read_first(settings: Settings, parts: RestoreParts, number: int) -> Entry:
    if not number:
        return genesis_entry(settings)
    batch = parts.batches.batch(BatchNumber(number))
    if batch is None:
        raise StoreCorrupted(f"batch {number} is not in the store")
    void = find_void(parts.progress, batch)
    block_after = batch.header.last_block if void is None else void
    return Entry(batch.header.number, signed_header(batch), batch.header.last_block, -1, None, block_after)


def _read_entry(settings: Settings, progress: ProgressStore, batch: Batch, before: Entry, height: int) -> Entry:
    header = batch.header
    block_after = find_void(progress, batch)
    if before.block_after is not None and before.block_after + 1 == header.first_block <= header.last_block <= height:
        block_after = header.last_block if block_after is None else block_after
    watched = tuple(cursor for cursor in header.cursors if cursor.ledger_index in settings.watched)
    open_cursors = watched if block_after is None else ()
    entry = Entry(header.number, signed_header(batch), header.last_block, open_cursors=open_cursors)
    return replace(entry, block_after=block_after)


def _anchored(entry: Entry, checkpoint: LedgerCheckpoint | None) -> Entry:
    if checkpoint is None or entry.number > checkpoint.number:
        return entry
    return replace(entry, anchor_height=checkpoint.block.height, anchor_hash=checkpoint.block.hash)


def _read_view(spec: LedgerSpec, checkpoint: LedgerCheckpoint | None) -> LedgerView:
    if checkpoint is None:
        return LedgerView(spec)
    return LedgerView(spec, checkpoint.block.height, checkpoint.block.height, marks=checkpoint.marks)


async def _align_blocks(parts: RestoreParts, chain: tuple[Entry, ...], height: int) -> BlockNumber:
    """A follower's state and block log both end with its last derived batch."""
    block = next(entry.block_after for entry in reversed(chain) if entry.block_after is not None)
    if height > block:
        await parts.executor.rewind(block)
    logged = await asyncio.to_thread(parts.blocks.head_number) or BlockNumber(0)
    if logged > block:
        await asyncio.to_thread(parts.blocks.rewind, block)
    while logged < block:
        found = await parts.executor.read_blocks(BlockNumber(logged + 1), min(BLOCKS_AT_ONCE_MAX, block - logged))
        if not found:
            raise StoreCorrupted(f"block {logged + 1} is neither in the block log nor kept by the state")
        for missing in found:
            await asyncio.to_thread(parts.blocks.append_block, missing)
        logged = found[-1].header.number
    return block


def _read_cursors(parts: RestoreParts, chain: tuple[Entry, ...], height: int) -> tuple[Cursor, ...]:
    """The cursors of the last derived batch, and of blocks sealed since."""
    applied = next(entry for entry in reversed(chain) if entry.block_after is not None)
    known = {cursor.ledger_index: cursor for cursor in cursors_after(parts.batches, parts.progress, applied.number)}
    for number in range((applied.block_after or 0) + 1, height + 1):
        block = parts.blocks.block(BlockNumber(number))
        known.update({cursor.ledger_index: cursor for cursor in block.cursors} if block is not None else {})
    return tuple(known[index] for index in sorted(known))
