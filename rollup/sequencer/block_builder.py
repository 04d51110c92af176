"""Seals blocks: decides when, with what and under which timestamp; the virtual machine node does the rest.

Order of one block: executed and committed by the virtual machine, stored in the block log, signed, announced. Whatever
was committed and not yet stored when the process died is fetched from the virtual machine at the next start.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from rollup.core.block import Block, BlockHeader
from rollup.core.confirmation import sign_confirmation
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import StoreCorrupted, Transient
from rollup.core.execution import BlockWork
from rollup.core.fees import next_base_fee
from rollup.core.genesis import ChainRule
from rollup.core.ids import BlockNumber
from rollup.sequencer.intake import Intake
from rollup.sequencer.mempool import TakeLimits
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.settings import BlockSettings

MESSAGE_BYTES = 256
"""What a ledger message takes in a batch beside its data, rounded up."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who confirms blocks. A stand-alone chain has none."""

    rollup_id: int
    private_key: bytes = field(repr=False)


class BlockBuilder:
    """One open block at a time; admission goes on while it executes."""

    def __init__(self, ports: SequencerPorts, rule: ChainRule, settings: BlockSettings, signer: Signer | None) -> None:
        self._ports = ports
        self._rule = rule
        self._settings = settings
        self._signer = signer
        self._head: BlockHeader | None = None
        self._stored = BlockNumber(0)
        self._changed = asyncio.Event()

    @property
    def head(self) -> BlockHeader:
        """The last sealed block that is stored. Only after ``start``."""
        if self._head is None:
            raise StoreCorrupted("the block builder was asked for its head before it had one")
        return self._head

    @property
    def head_number(self) -> BlockNumber:
        return self.head.number

    def wake(self) -> None:
        """There may be work: the pool, the ledgers' input or the settlement backlog changed."""
        self._changed.set()

    async def start(self) -> None:
        """Bring the block log to where the virtual machine is. Raises StoreCorrupted when the log is ahead of it."""
        head = (await self._ports.executor.head()).header
        last = await asyncio.to_thread(self._ports.log.head_number)
        self._stored = BlockNumber(last or 0)
        if self._stored > head.number:
            raise StoreCorrupted(f"the block log ends at {self._stored}, the state at {head.number}")
        while self._stored < head.number:
            missing = await self._ports.executor.read_blocks(BlockNumber(self._stored + 1), 64)
            if not missing:
                raise StoreCorrupted(f"block {self._stored + 1} is neither in the block log nor in the state database")
            for block in missing:
                await self._store(block)
                self._announce(block)
        self._head = head

    async def run(self, intake: Intake) -> None:
        """Seal blocks forever. Fatal errors pass through."""
        loop = asyncio.get_running_loop()
        started = loop.time() - self._settings.block_interval_s
        while True:
            is_idle = await self._wait_for_turn(started, intake)
            started = loop.time()
            with suppress(Transient):  # the virtual machine node is overrun: the next turn tries again
                await self._build(intake, allow_empty=is_idle)

    async def _wait_for_turn(self, started: float, intake: Intake) -> bool:
        """Wait until a block is due after the one begun at ``started``. True when one is due even if it stays empty."""
        loop = asyncio.get_running_loop()
        work_due = started + self._settings.block_interval_s
        idle_due = started + self._settings.idle_block_interval_s
        while loop.time() < idle_due:
            self._changed.clear()
            intake.pool.wake(self._ports.pool_clock())
            has_work = self._has_work(intake)
            if has_work and loop.time() >= work_due:
                return False
            due = work_due if has_work else idle_due
            if intake.pool.has_stalled:
                due = min(due, loop.time() + self._settings.block_interval_s)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
        return True

    def _has_work(self, intake: Intake) -> bool:
        if self._ports.inputs.peek()[1]:
            return True
        return intake.pool.fee_max >= max(self._base_fee(), 1) and not self._ports.backlog.is_full()

    def _base_fee(self) -> int:
        head = self.head
        return next_base_fee(self._rule.fee, head.base_fee, head.gas_used, head.gas_limit)

    async def _build(self, intake: Intake, *, allow_empty: bool) -> None:
        cursors, messages = self._ports.inputs.peek()
        work = self._plan(intake, cursors, messages, allow_empty=allow_empty)
        try:
            result = await self._ports.executor.execute_block(work)
        except BaseException:
            intake.release()
            raise
        if result.block is not None:
            await self._store(result.block)
        intake.settle(result)
        if result.block is not None:
            self._announce(result.block)

    def _plan(
        self,
        intake: Intake,
        cursors: tuple[Cursor, ...],
        messages: tuple[LedgerMessage, ...],
        *,
        allow_empty: bool,
    ) -> BlockWork:
        room = self._settings.block_bytes_max - sum(len(message.data) + MESSAGE_BYTES for message in messages)
        limits = TakeLimits(self._base_fee(), self._settings.block_count_max, room, self._rule.gas_limit)
        return BlockWork(
            number=BlockNumber(self.head.number + 1),
            parent_hash=self.head.hash,
            timestamp=max(self.head.timestamp, int(self._ports.clock())),
            candidates=() if self._ports.backlog.is_full() else intake.take(limits),
            cursors=cursors,
            messages=messages,
            allow_empty=allow_empty or bool(messages),
            bytes_max=max(room, 0),
            time_budget_s=self._settings.time_budget_s,
            stored_through=self._stored,
        )

    async def _store(self, block: Block) -> None:
        await asyncio.to_thread(self._ports.log.append_block, block)
        self._stored = block.header.number
        self._head = block.header
        self._ports.inputs.consume(block.cursors, block.messages)

    def _announce(self, block: Block) -> None:
        confirmation = None
        if self._signer is not None:
            header = block.header
            confirmation = sign_confirmation(
                self._signer.rollup_id, header.number, header.hash, self._signer.private_key
            )
        self._ports.listener.on_block(block, confirmation)
