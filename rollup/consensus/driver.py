"""Feeds the machine and carries its commands out, one event at a time and in order.

It decides nothing: which event leads to which command is in ``machine``. What must survive is written, synced, by the
command that needs it; everything else is read from the ledgers again after a restart (``restore``).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rollup.consensus import commands as do
from rollup.consensus import events as on
from rollup.consensus.alarm_book import AlarmBook
from rollup.consensus.carriage import CarriageBoard
from rollup.consensus.checkpoint import (
    FROZEN_KEY,
    STICKY_ALARMS_KEY,
    LedgerCheckpoint,
    build_checkpoint,
    encode_checkpoint,
    ledger_key,
)
from rollup.consensus.cursor_feed import CursorFeed
from rollup.consensus.derivation import Context
from rollup.consensus.deriver import Deriver, DeriverParts
from rollup.consensus.inbox import Inbox
from rollup.consensus.labels import is_ours
from rollup.consensus.ledger_board import LedgerBoard
from rollup.consensus.machine import FOREIGN_BATCH, step
from rollup.consensus.ports import (
    BatchStore,
    BlockListener,
    BlockStore,
    Executor,
    PostingDesk,
    ProgressStore,
    ProofStore,
)
from rollup.consensus.restore import RestoreParts, cursors_after, restore
from rollup.consensus.state import Settings, State, applied_tip, entry_at, initial_state, is_backlog_full, view_of
from rollup.core.batch import Batch
from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.cursor import Cursor
from rollup.core.equivocation import Equivocation
from rollup.core.errors import AnchorReorgedPastFinality, ForeignBatch, Rejected, Reset, StoreCorrupted, Transient
from rollup.core.heads import Alarm, Heads, LedgerStatus
from rollup.core.ids import BatchNumber, BlockNumber
from rollup.core.ledger import Ledger, LedgerBlock, SeenPosting

CURSOR_READ_MAX_S = 2.0
"""A ledger that answers later than this must not hold up the others."""


@dataclass(frozen=True, slots=True)
class DriverParts:
    """Everything that the driver works with. ``ledgers`` are this node's own connections, by ledger index; ``clock``
    gives seconds since the epoch for the status; ``alarms`` and
    ``carriage`` are shared with the posters."""

    executor: Executor
    batches: BatchStore
    blocks: BlockStore
    progress: ProgressStore
    proofs: ProofStore
    desk: PostingDesk
    ledgers: Mapping[int, Ledger]
    listener: BlockListener
    feed: CursorFeed
    alarms: AlarmBook
    carriage: CarriageBoard
    clock: Callable[[], float] = time.time


class ConsensusDriver:
    """``open`` once, then ``run`` for ever. Fits the sequencer's listener and backlog ports and settlement's observer
    port, and answers status questions at any time."""

    def __init__(self, parts: DriverParts, settings: Settings) -> None:
        self._parts = parts
        self._state = initial_state(settings)
        self._heads = self._state.heads
        self._inbox = Inbox()
        self._board = LedgerBoard()
        self._deriver = Deriver(DeriverParts(parts.executor, parts.blocks, parts.progress, parts.listener))
        self._checkpoints: dict[int, LedgerCheckpoint] = {}
        self._final_blocks: dict[int, dict[int, LedgerBlock]] = {}
        self._caught_up = asyncio.Event()
        self._changed = asyncio.Event()

    async def open(self) -> None:
        """Restore. Before anything else of the node asks or tells. Raises Fatal."""
        parts = self._parts
        found = await restore(
            self._state.settings, RestoreParts(parts.executor, parts.batches, parts.blocks, parts.progress)
        )
        self._state = found.state
        self._checkpoints = dict(found.checkpoints)
        parts.feed.consume(found.cursors, ())
        sticky = await asyncio.to_thread(parts.progress.get, STICKY_ALARMS_KEY)
        if sticky is not None:
            self._parts.alarms.restore_sticky(sticky)
        standing = frozenset((alarm.code, alarm.ledger_index) for alarm in self._parts.alarms.alarms())
        self._state = replace(self._state, alarms=standing)
        parts.carriage.show(self._state)
        await self.apply(on.BlockSealed(self._state.unsafe))

    async def run(self) -> None:
        """Raises Fatal when an operator has to decide."""
        while True:
            await self.apply(await self._inbox.take())

    async def apply(self, event: on.Event) -> None:
        """One event with everything that follows from it. Not to be called beside ``run``."""
        waiting = deque([event])
        while waiting:
            following = waiting.popleft()
            self._state, commands = step(self._state, following)
            self._note(following)
            for command in commands:
                answer = await self._carry_out(command)
                if answer is not None:
                    waiting.append(answer)
        self._parts.carriage.show(self._state)
        if self._state.is_caught_up:
            self._caught_up.set()
        self._changed.set()

    # --- questions ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What the machine knows now."""
        return self._state

    def heads(self) -> Heads:
        """Labels as far as their commands were carried out: never ahead of state and store."""
        return self._heads

    def alarms(self) -> tuple[Alarm, ...]:
        return self._parts.alarms.alarms()

    def ledger_status(self) -> tuple[LedgerStatus, ...]:
        depths = {view.index: self._parts.desk.depth(view.index) for view in self._state.ledgers}
        return self._board.statuses(self._state, self._parts.alarms, depths)

    def is_full(self) -> bool:
        """The sequencer must not seal more (its port ``Backlog``)."""
        return not self._state.is_caught_up or is_backlog_full(self._state)

    async def read_derived(self) -> tuple[BlockNumber, tuple[Cursor, ...]]:
        """The last block of all derived batches, and how far the ledgers were read up to there."""
        applied = applied_tip(self._state)
        cursors = await asyncio.to_thread(cursors_after, self._parts.batches, self._parts.progress, applied.number)
        return applied.block_after or BlockNumber(0), cursors

    def is_caught_up(self) -> bool:
        return self._state.is_caught_up

    def is_frozen(self) -> bool:
        """The sequencer signed twice: no withdrawal may be paid."""
        return self._state.is_frozen

    async def wait_caught_up(self) -> None:
        """Returns when the anchor was read to its tip and everything on it is derived. Before that, a sequencer that
        lost its data would sign numbers again."""
        await self._caught_up.wait()

    async def wait_changed(self) -> None:
        """Returns after the next event."""
        self._changed.clear()
        await self._changed.wait()

    # --- what others tell ---------------------------------------------------------------------------------------------

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        """From our sequencer."""
        del confirmation
        self._inbox.put_own(on.BlockSealed(block.header.number))

    def on_batch(self, batch: Batch) -> None:
        """From our sequencer."""
        self._inbox.put_own(on.BatchSealed(batch))

    async def read_position(self, ledger_index: int) -> LedgerBlock | None:
        known = self._checkpoints.get(ledger_index)
        return known.block if known is not None else None

    async def on_posting(self, ledger_index: int, posting: SeenPosting) -> None:
        await self._inbox.put(on.PostingSeen(ledger_index, posting))

    async def on_advanced(
        self, ledger_index: int, scanned: LedgerBlock, finalized: LedgerBlock | None, head_height: int
    ) -> None:
        if finalized is not None:
            self._final_blocks.setdefault(ledger_index, {})[finalized.height] = finalized
        final_height = finalized.height if finalized is not None else -1
        await self._inbox.put(on.LedgerAdvanced(ledger_index, scanned.height, final_height, head_height))

    async def on_reorged(self, ledger_index: int, to_height: int) -> None:
        await self._inbox.put(on.LedgerReorged(ledger_index, to_height))

    async def on_lost(self, ledger_index: int, reason: str) -> None:
        await self._inbox.put(on.LedgerLost(ledger_index, reason))

    async def on_reached(self, ledger_index: int) -> None:
        await self._inbox.put(on.LedgerReached(ledger_index))

    async def acknowledge_alarm(self, code: str, ledger_index: int | None) -> None:
        """An operator has seen a sticky alarm."""
        await self._inbox.put(on.AlarmCleared(code, ledger_index))

    # --- commands -----------------------------------------------------------------------------------------------------

    async def _carry_out(self, command: do.Command) -> on.Event | None:
        match command:
            case do.PostBatch(index, number):
                await self._post(index, number)
            case do.KeepBatch(batch):
                await asyncio.to_thread(self._parts.batches.put_batch, batch)
            case do.DeriveBatch(number):
                return await self._derive(number)
            case do.ReadCursorBlock(index, height):
                return await self._read_cursor_block(index, height)
            case do.Rewind():
                await self._rewind(command)
            case do.SaveCheckpoint(index):
                await self._save_checkpoint(index)
            case do.SetHeads(heads):
                self._heads = heads
            case do.RaiseAlarm() | do.ClearAlarm():
                await self._change_alarm(command)
            case do.RecordEquivocation():
                await self._record_equivocation(command)
            case do.Stop(code, message):
                raise ForeignBatch(message) if code == FOREIGN_BATCH else AnchorReorgedPastFinality(message)
        return None

    async def _post(self, ledger_index: int, number: BatchNumber) -> None:
        entry = entry_at(self._state, number)
        if entry is not None:
            await self._parts.desk.enqueue(ledger_index, number, entry.hash)

    async def _derive(self, number: BatchNumber) -> on.Event:
        entry, batch = entry_at(self._state, number), await asyncio.to_thread(self._parts.batches.batch, number)
        if entry is None or batch is None or batch.hash != entry.hash:
            raise StoreCorrupted(f"batch {number} was ordered and is not in the store")
        verdict = await self._deriver.derive(batch, entry, await self._read_context())
        if isinstance(verdict, on.BatchDerived):
            self._parts.feed.consume(batch.header.cursors, ())
        return verdict

    async def _read_context(self) -> Context:
        applied = applied_tip(self._state)
        head = await self._parts.executor.head()
        cursors = await asyncio.to_thread(cursors_after, self._parts.batches, self._parts.progress, applied.number)
        indexes = frozenset(int(spec.index) for spec in self._state.settings.ledgers)
        return Context(applied.block_after or head.header.number, head.header.timestamp, cursors, indexes)

    async def _read_cursor_block(self, ledger_index: int, height: int) -> on.Event | None:
        try:
            async with asyncio.timeout(CURSOR_READ_MAX_S):
                block = await self._parts.ledgers[ledger_index].read_block(height)
        except (Transient, Reset, Rejected, TimeoutError):
            return None  # asked again when the ledger moves; the watcher reports what is wrong with it
        return on.CursorRead(ledger_index, height, block.hash)

    async def _rewind(self, command: do.Rewind) -> None:
        """Store first: after a crash in between, ``restore`` finds a longer state and shortens it."""
        self._parts.listener.on_rewind(command.block)
        await asyncio.to_thread(self._parts.batches.rewind, command.number)
        await asyncio.to_thread(self._parts.blocks.rewind, command.block)
        head = await self._parts.executor.head()
        if head.header.number > command.block:
            await self._parts.executor.rewind(command.block)

    async def _save_checkpoint(self, ledger_index: int) -> None:
        view = view_of(self._state, ledger_index)
        blocks = self._final_blocks.get(ledger_index, {})
        block = blocks.get(view.finalized_height)
        if block is None:
            return  # the watcher began again below what was final before
        checkpoint = build_checkpoint(self._state, view, block)
        await asyncio.to_thread(self._parts.progress.put, ledger_key(ledger_index), encode_checkpoint(checkpoint))
        self._checkpoints[ledger_index] = checkpoint
        self._final_blocks[ledger_index] = {at: final for at, final in blocks.items() if at >= block.height}
        self._parts.feed.on_finalized(ledger_index, block)

    async def _change_alarm(self, command: do.RaiseAlarm | do.ClearAlarm) -> None:
        before = self._parts.alarms.encode_sticky()
        match command:
            case do.RaiseAlarm(code, index, message, sticky):
                self._parts.alarms.raise_alarm(code, index, message, sticky=sticky)
            case do.ClearAlarm(code, index):
                self._parts.alarms.clear_alarm(code, index)
        after = self._parts.alarms.encode_sticky()
        if after != before:
            await asyncio.to_thread(self._parts.progress.put, STICKY_ALARMS_KEY, after)

    async def _record_equivocation(self, command: do.RecordEquivocation) -> None:
        ours, other = command.ours, command.other
        proof = Equivocation(command.number, ours.header_bytes, ours.signature, other.header_bytes, other.signature)
        await asyncio.to_thread(self._parts.proofs.put, proof)
        await asyncio.to_thread(self._parts.progress.put, FROZEN_KEY, b"\x01")

    def _note(self, event: on.Event) -> None:
        """Keep what only the status shows."""
        match event:
            case on.LedgerAdvanced(index, _, _, head):
                self._board.on_head(index, head, self._parts.clock())
            case on.LedgerReached(index):
                self._board.on_reached(index, self._parts.clock())
            case on.LedgerLost(index, reason):
                self._board.on_lost(index, reason)
            case on.LedgerReorged(index, to_height):
                self._board.on_reorged(index, to_height)
            case on.PostingSeen(index, posting) if is_ours(self._state, posting.batch_number, posting.batch_hash):
                self._board.on_counted(index, posting)
            case _:
                pass
