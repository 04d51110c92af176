"""What the sequencer asks of the rest of the node. Wiring passes the parts in; mypy checks that they fit.

Methods without ``async`` that touch a disk are called through ``asyncio.to_thread``, one at a time per port.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rollup.core.batch import Batch
from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.execution import AccountState, BlockResult, BlockWork, ExecutorHead
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.transaction import Transaction
from rollup.sequencer.standalone import NoBacklog, NoPendingListener

WallClock = Callable[[], float]
"""Seconds since the epoch. May jump either way; nothing but timestamps and the age of blocks depends on it."""


class Executor(Protocol):
    """The virtual machine node. Blocks are committed durably before ``execute_block`` returns.

    Reads are answered while a block executes. Raises VmCrashed when the process is gone. When its queue is full
    ``read_accounts`` and ``read_code`` raise Overloaded and ``execute_block`` ExecutorBusy; a cancelled
    ``execute_block`` may still have committed: ``head`` tells.
    """

    async def head(self) -> ExecutorHead: ...

    async def execute_block(self, work: BlockWork) -> BlockResult: ...

    async def read_blocks(self, first: BlockNumber, count_max: int) -> tuple[Block, ...]:
        """Sealed blocks that the caller has not yet confirmed as stored, from ``first`` on."""
        ...

    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None
    ) -> tuple[AccountState, ...]:
        """One state per address, in order; an account that does not exist has nonce 0 and balance 0."""
        ...

    async def read_code(self, address: Address, block: BlockNumber | None) -> bytes: ...


class Journal(Protocol):
    """Raw transactions that were acknowledged and are not yet in a block. Every call is synced when it returns."""

    def append(self, raws: Sequence[bytes]) -> None:
        """Durable when it returns. Raises DiskFull; then none of them counts as written."""
        ...

    def remove(self, hashes: Sequence[Hash]) -> None:
        """Unknown hashes are no fault."""
        ...

    def replay(self) -> list[bytes]:
        """What is there, in arrival order."""
        ...


class BlockLog(Protocol):
    """The node's own durable index of blocks."""

    def append_block(self, block: Block) -> None:
        """Synced when it returns; the same block again is no fault. Raises DiskFull."""
        ...

    def head_number(self) -> BlockNumber | None:
        """Number of the last block held; None while there is none but the genesis."""
        ...

    def block(self, number: BlockNumber) -> Block | None:
        """None for numbers that it does not hold."""
        ...


class LedgerInputs(Protocol):
    """What the connected ledgers have for the next block. Never blocks; both run on the event loop."""

    def peek(self) -> tuple[tuple[Cursor, ...], tuple[LedgerMessage, ...]]:
        """Cursors that moved and the messages up to them, in protocol order; at most 48 kB of message data. Stays the
        same, or grows, until consumed."""
        ...

    def consume(self, cursors: tuple[Cursor, ...], messages: tuple[LedgerMessage, ...]) -> None:
        """These are in a sealed and stored block: never offer them again."""
        ...


class Backlog(Protocol):
    """How far settlement is behind."""

    def is_full(self) -> bool:
        """True while no further user transactions may be sealed and no batch closed: the ledgers take none."""
        ...


class BlockListener(Protocol):
    """Learns of every block, in order, once each per start, after it is durable. Must return at once."""

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None: ...


class PendingListener(Protocol):
    """Learns of every transaction that was admitted and survives a crash, in that order. Must return at once."""

    def on_pending(self, transaction: Transaction, sender: Address) -> None: ...


@dataclass(frozen=True, slots=True)
class SequencerPorts:
    """Everything that the sequencer is connected to. ``rollup.sequencer.standalone`` has the parts that a plain chain
    without ledgers, settlement or journal puts here.

    ``clock`` stamps blocks. ``pool_clock`` measures how long transactions wait, in seconds since any moment: one that
    jumps would drop what was acknowledged."""

    executor: Executor
    journal: Journal
    log: BlockLog
    inputs: LedgerInputs
    backlog: Backlog
    listener: BlockListener
    clock: WallClock
    pending: PendingListener = field(default_factory=NoPendingListener)
    pool_clock: Callable[[], float] = time.monotonic


class BatchListener(Protocol):
    """Learns of every batch, in order, after it is durable and its signature recorded. Must return at once."""

    def on_batch(self, batch: Batch) -> None: ...


class BatchLog(Protocol):
    """The node's own durable index of signed batches."""

    def put_batch(self, batch: Batch) -> None:
        """Synced when it returns; the same batch again is no fault. Raises DiskFull."""
        ...

    def last_batch(self) -> Batch | None:
        """None before the first."""
        ...


class SignOnce(Protocol):
    """The record that keeps this key from signing two things of one kind and number."""

    def claim(self, kind: str, number: int, digest: Hash) -> None:
        """Synced when it returns; the same digest again is no fault. Raises SignOnceViolation for another one."""
        ...


@dataclass(frozen=True, slots=True)
class BatcherPorts:
    """Everything that the batcher is connected to. ``clock`` only tells how old blocks are when they are read."""

    log: BlockLog
    batches: BatchLog
    sign_once: SignOnce
    listener: BatchListener
    clock: WallClock
    backlog: Backlog = field(default_factory=NoBacklog)
