"""Executes a kept batch exactly, or finds it void. The slow half of the driver, with the promises of a batch's writes:

block by block the virtual machine commits, then the block log. The record of the batch travels in the atomic write of
its last block, so a crash in between leaves either the whole batch or a head from which ``restore`` rewinds.
"""

import asyncio
from dataclasses import dataclass

from rollup.consensus.checkpoint import DerivedRecord, VoidRecord, encode_derived, encode_void, void_key
from rollup.consensus.derivation import Context, derive_blocks
from rollup.consensus.events import BatchDerived, BatchVoided
from rollup.consensus.ports import BlockListener, BlockStore, Executor, ProgressStore
from rollup.consensus.state import Entry
from rollup.core.batch import Batch
from rollup.core.block import BlockHeader, BlockInput
from rollup.core.errors import InvalidBlock, MalformedBatch, StoreCorrupted, TransactionRejected
from rollup.core.execution import BlockWork, Candidate, ExecutorHead
from rollup.core.ids import ZERO_HASH, BlockNumber

UNBOUNDED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class DeriverParts:
    executor: Executor
    blocks: BlockStore
    progress: ProgressStore
    listener: BlockListener


class Deriver:
    """One batch at a time, on top of the executor's head."""

    def __init__(self, parts: DeriverParts) -> None:
        self._parts = parts

    async def derive(self, batch: Batch, entry: Entry, context: Context) -> BatchDerived | BatchVoided:
        """Never raises for what a batch holds: that is a verdict. Raises Fatal."""
        head = await self._parts.executor.head()
        if head.header.number != context.head:
            raise StoreCorrupted(f"the state is at block {head.header.number}, the chain at {context.head}")
        try:
            # decompressing and splitting a large body takes tens of milliseconds: off the event loop
            blocks = await asyncio.to_thread(derive_blocks, batch.header, batch.body, context)
            last = await self._execute(blocks, head, entry)
        except (MalformedBatch, InvalidBlock, TransactionRejected) as error:
            return await self._void(batch, context, str(error))
        signed = (batch.header.last_block_hash, batch.header.state_root)
        return BatchDerived(entry.number, entry.hash, last.number, roots_match=(last.hash, last.state_root) == signed)

    async def _execute(self, blocks: tuple[BlockInput, ...], head: ExecutorHead, entry: Entry) -> BlockHeader:
        parent = head.header
        for block in blocks:
            is_last = block.number == blocks[-1].number
            result = await self._parts.executor.execute_block(_plan(block, parent, _record(entry) if is_last else None))
            if result.block is None:
                raise InvalidBlock(f"block {block.number} could not be sealed")
            await asyncio.to_thread(self._parts.blocks.append_block, result.block)
            parent = result.block.header
            self._parts.listener.on_block(result.block, None)
        return parent

    async def _void(self, batch: Batch, context: Context, reason: str) -> BatchVoided:
        """Undo what was executed of it, then write the verdict down."""
        head = await self._parts.executor.head()
        if head.header.number > context.head:
            self._parts.listener.on_rewind(context.head)
            await asyncio.to_thread(self._parts.blocks.rewind, context.head)
            await self._parts.executor.rewind(context.head)
        record = encode_void(VoidRecord(batch.hash, context.head))
        await asyncio.to_thread(self._parts.progress.put, void_key(batch.header.number), record)
        return BatchVoided(batch.header.number, batch.hash, reason)


def _plan(block: BlockInput, parent: BlockHeader, progress: bytes | None) -> BlockWork:
    return BlockWork(
        number=block.number,
        parent_hash=parent.hash,
        timestamp=block.timestamp,
        candidates=tuple(Candidate(raw) for raw in block.transactions),
        cursors=block.cursors,
        messages=block.messages,
        exact=True,
        allow_empty=True,
        bytes_max=UNBOUNDED_BYTES,
        progress=progress,
        stored_through=BlockNumber(parent.number),
    )


def _record(entry: Entry) -> bytes:
    return encode_derived(
        DerivedRecord(entry.number, entry.hash, entry.anchor_height or 0, entry.anchor_hash or ZERO_HASH)
    )
