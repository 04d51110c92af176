"""Puts sealed blocks into signed batches.

Order of one batch: body encoded, header signed, batch stored, number and hash recorded (sign once), announced. Both
writes are synced, and only the announcement lets the signature out: what was stored before a crash is recorded and
announced at the next start as it is, never built anew.
"""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from rollup.core.batch import BATCH_VERSION, Batch, BatchHeader, sign_batch
from rollup.core.batch_body import decode_body, encode_body
from rollup.core.block import Block, BlockInput, build_block_input
from rollup.core.cursor import Cursor
from rollup.core.errors import BadConfig, MalformedBatch, StoreCorrupted, UnreadableBatch
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash
from rollup.sequencer.batching import BatchWindow, BlockSummary, raw_size
from rollup.sequencer.ports import BatcherPorts
from rollup.sequencer.settings import BatchSettings

SIGN_ONCE_KIND = "batch"


@dataclass(frozen=True, slots=True)
class BatchIdentity:
    """Which rollup the batches belong to, and who signs. The genesis hash is the parent of batch 1."""

    rollup_id: int
    sequencer_epoch: int
    genesis_hash: Hash
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Held:
    """What of a sealed block its batch needs."""

    input: BlockInput
    hash: Hash
    state_root: Hash


class Batcher:
    """``start`` once, then ``run`` forever; ``wake`` on every block, and when the settlement backlog clears.

    While the backlog is full no batch closes, so that what waits for the ledgers is bounded; blocks wait in the log.
    """

    def __init__(self, ports: BatcherPorts, identity: BatchIdentity, settings: BatchSettings) -> None:
        self._ports = ports
        self._identity = identity
        self._settings = settings
        self._window = BatchWindow(settings)
        self._held: deque[_Held] = deque()
        self._last: Batch | None = None
        self._next = BlockNumber(1)
        self._cursors: tuple[Cursor, ...] = ()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """There is a new block in the log."""
        self._changed.set()

    async def start(self, derived: tuple[BlockNumber, tuple[Cursor, ...]] | None = None) -> None:
        """Take up after the last stored batch, and announce that one (again). Raises SignOnceViolation.

        ``derived`` is the last block of all batches, and how far the ledgers were read up to there: the header of a
        batch that turned out void speaks of blocks that do not exist. None: as the header says.
        """
        self._last = await asyncio.to_thread(self._ports.batches.last_batch)
        if self._last is not None:
            header = self._last.header
            last_block, self._cursors = derived or (header.last_block, header.cursors)
            self._next = BlockNumber(last_block + 1)
            await self._release(self._last)

    async def run(self) -> None:
        """Close batches forever. Fatal errors pass through."""
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            await self._read_blocks()
            is_held_back = self._ports.backlog.is_full()
            count = 0 if is_held_back else self._window.count_due(loop.time())
            if count:
                await self._close(count)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if is_held_back else self._window.due_at()):
                    await self._changed.wait()

    async def _read_blocks(self) -> None:
        head = await asyncio.to_thread(self._ports.log.head_number) or 0
        while self._next <= head and not self._window.is_full:
            block = await asyncio.to_thread(self._ports.log.block, self._next)
            if block is None:
                raise StoreCorrupted(f"the block log ends at {head} and has no block {self._next}")
            self._hold(block)

    def _hold(self, block: Block) -> None:
        age = max(0.0, self._ports.clock() - block.header.timestamp)
        taken = build_block_input(block)
        since = asyncio.get_running_loop().time() - min(age, self._settings.age_s_max)
        self._window.add(BlockSummary(raw_size(taken), block.header.gas_used, since))
        self._held.append(_Held(taken, block.header.hash, block.header.state_root))
        self._next = BlockNumber(block.header.number + 1)

    async def _close(self, count: int) -> None:
        held = list(self._held)[:count]
        body = await self._encode(held)
        while len(body) > self._settings.body_bytes_max:
            if len(held) == 1:
                raise BadConfig(
                    f"block {held[0].input.number} alone makes a body of {len(body)} bytes: lower block_bytes_max"
                )
            held = held[: self._window.count_cut(len(held), len(body))]
            body = await self._encode(held)
        await asyncio.to_thread(check_readable, body, [each.input for each in held])
        batch = sign_batch(self._build_header(held, body), body, self._identity.private_key)
        await asyncio.to_thread(self._ports.batches.put_batch, batch)
        self._window.close(len(held), len(body))
        for _ in held:
            self._held.popleft()
        self._last, self._cursors = batch, batch.header.cursors
        await self._release(batch)

    async def _encode(self, held: list[_Held]) -> bytes:
        return await asyncio.to_thread(encode_body, [each.input for each in held])

    async def _release(self, batch: Batch) -> None:
        await asyncio.to_thread(self._ports.sign_once.claim, SIGN_ONCE_KIND, batch.header.number, batch.hash)
        self._ports.listener.on_batch(batch)

    def _build_header(self, held: list[_Held], body: bytes) -> BatchHeader:
        first, last, parent = held[0], held[-1], self._last
        return BatchHeader(
            version=BATCH_VERSION,
            rollup_id=self._identity.rollup_id,
            number=BatchNumber(parent.header.number + 1 if parent else 1),
            parent_hash=parent.hash if parent else self._identity.genesis_hash,
            first_block=first.input.number,
            last_block=last.input.number,
            last_block_hash=last.hash,
            state_root=last.state_root,
            outbox_root=ZERO_HASH,
            data_hash=keccak(body),
            data_length=len(body),
            cursors=latest_cursors(self._cursors, held),
            start_time=first.input.timestamp,
            end_time=last.input.timestamp,
            sequencer_epoch=self._identity.sequencer_epoch,
        )


def latest_cursors(before: tuple[Cursor, ...], held: list[_Held]) -> tuple[Cursor, ...]:
    """The last cursor of every ledger ever read, by ledger index."""
    latest = {cursor.ledger_index: cursor for cursor in before}
    for each in held:
        latest.update((cursor.ledger_index, cursor) for cursor in each.input.cursors)
    return tuple(latest[index] for index in sorted(latest))


def check_readable(body: bytes, inputs: list[BlockInput]) -> None:
    """A signed body that others cannot read would be void for them while this node went on. Raises UnreadableBatch."""
    try:
        found = decode_body(body, inputs[0].number)
    except MalformedBatch as error:
        raise UnreadableBatch(f"blocks {inputs[0].number} to {inputs[-1].number}: {error}") from error
    if list(found) != inputs:
        raise UnreadableBatch(f"blocks {inputs[0].number} to {inputs[-1].number} come back as others")
