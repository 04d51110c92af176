"""What settlement asks of the rest of the node. Wiring passes the parts in; mypy checks that they fit.

Methods without ``async`` that touch a disk are called through ``asyncio.to_thread``.
"""

from typing import Protocol

from rollup.core.batch import Batch
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import CarriesPostings, Ledger, LedgerBlock, SeenPosting


class PostingLedger(Ledger, CarriesPostings, Protocol):
    """A ledger to which this node posts."""


class LedgerObserver(Protocol):
    """Learns what a ledger does, in the order in which it must be taken. May wait: the watcher reads no further until
    the observer has room. Heights are the ledger's."""

    async def read_position(self, ledger_index: int) -> LedgerBlock | None:
        """The last final block whose postings, and all before, were taken durably. None: begin at the start height.

        The observer keeps it, so that the position is never ahead of what came of it.
        """
        ...

    async def on_posting(self, ledger_index: int, posting: SeenPosting) -> None: ...

    async def on_advanced(
        self, ledger_index: int, scanned: LedgerBlock, finalized: LedgerBlock | None, head_height: int
    ) -> None:
        """All postings up to and with ``scanned`` were reported. ``finalized`` is the highest final block among them;
        ``head_height`` is the tip's, equal to ``scanned.height`` once the watcher is level."""
        ...

    async def on_reorged(self, ledger_index: int, to_height: int) -> None:
        """Blocks above ``to_height`` are gone. Postings of what replaces them follow."""
        ...

    async def on_lost(self, ledger_index: int, reason: str) -> None:
        """The ledger could not be read for a while. Once per outage."""
        ...

    async def on_reached(self, ledger_index: int) -> None:
        """The ledger answers: at first, and after ``on_lost``."""
        ...


class Outbox(Protocol):
    """The durable rows of what is on its way. Every write is synced when it returns. Raises DiskFull."""

    def put(self, record: PostingRecord) -> None: ...

    def get(self, ledger_index: int, batch_number: BatchNumber) -> PostingRecord | None: ...

    def open_rows(self, ledger_index: int) -> list[PostingRecord]:
        """Those that are not final, by ascending batch number."""
        ...

    def rows(self, ledger_index: int) -> list[PostingRecord]:
        """All rows of a ledger by ascending batch number."""
        ...


class Batches(Protocol):
    """The node's signed batches."""

    def batch(self, number: BatchNumber) -> Batch | None: ...


class AlarmSink(Protocol):
    """Where an operator sees what is wrong. Both return at once; raising what is raised replaces its message."""

    def raise_alarm(self, code: str, ledger_index: int | None, message: str) -> None: ...

    def clear_alarm(self, code: str, ledger_index: int | None) -> None: ...


class Carriage(Protocol):
    """What consensus makes of a ledger, as far as it has read it."""

    def judge(self, ledger_index: int, number: BatchNumber, batch_hash: Hash, height: int) -> bool | None:
        """Does a posting of this batch at this height count? None: not read that far yet."""
        ...
