"""What consensus asks of the rest of the node. Wiring passes the parts in; mypy checks that they fit.

Methods without ``async`` that touch a disk are called through ``asyncio.to_thread``, one at a time.
"""

from typing import Protocol

from rollup.core.batch import Batch
from rollup.core.block import Block
from rollup.core.equivocation import Equivocation
from rollup.core.execution import BlockResult, BlockWork, ExecutorHead
from rollup.core.ids import BatchNumber, BlockNumber, Hash


class Executor(Protocol):
    """The virtual machine node. What ``execute_block`` and ``rewind`` return is durable. Raises VmCrashed."""

    async def head(self) -> ExecutorHead: ...

    async def execute_block(self, work: BlockWork) -> BlockResult:
        """With ``exact``: raises InvalidBlock when a candidate cannot be included; then nothing is kept."""
        ...

    async def rewind(self, number: BlockNumber) -> ExecutorHead: ...

    async def read_blocks(self, first: BlockNumber, count_max: int) -> tuple[Block, ...]: ...


class BatchStore(Protocol):
    """The node's batches: its own, and those that the anchor brought. Writes are synced."""

    def put_batch(self, batch: Batch) -> None: ...

    def batch(self, number: BatchNumber) -> Batch | None: ...

    def last_batch(self) -> Batch | None: ...

    def rewind(self, batch_number: BatchNumber) -> None:
        """Forget batches above it."""
        ...


class BlockStore(Protocol):
    """The node's index of blocks. Writes are synced; the same block again is no fault."""

    def append_block(self, block: Block) -> None: ...

    def head_number(self) -> BlockNumber | None: ...

    def block(self, number: BlockNumber) -> Block | None: ...

    def rewind(self, number: BlockNumber) -> None:
        """Forget blocks above ``number``."""
        ...


class ProgressStore(Protocol):
    """Small records under a name. Writes are synced."""

    def put(self, name: str, record: bytes) -> None: ...

    def get(self, name: str) -> bytes | None: ...


class ProofStore(Protocol):
    """Proofs that the sequencer signed two batches with one number. Writes are synced; repeatable."""

    def put(self, proof: Equivocation) -> None: ...

    def all(self) -> tuple[Equivocation, ...]: ...


class PostingDesk(Protocol):
    """Takes batches that a ledger shall carry."""

    async def enqueue(self, ledger_index: int, number: BatchNumber, batch_hash: Hash) -> None:
        """Durable when it returns. Repeatable; nothing happens for ledgers to which this node does not post."""
        ...

    def depth(self, ledger_index: int) -> int:
        """Batches that wait for this ledger."""
        ...


class BlockListener(Protocol):
    """Learns of every block that was derived, in order, after it is durable. Must return at once."""

    def on_block(self, block: Block, confirmation: None) -> None: ...

    def on_rewind(self, number: BlockNumber) -> None:
        """Blocks above ``number`` are gone."""
        ...
