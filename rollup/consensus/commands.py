"""What the machine asks for. Imperative; the driver carries them out strictly in the order in which they were given."""

from dataclasses import dataclass

from rollup.core.batch import Batch
from rollup.core.heads import Heads
from rollup.core.ids import BatchNumber, BlockNumber, Hash


@dataclass(frozen=True, slots=True)
class SignedHeader:
    """One half of a proof of equivocation: anybody can check it against the sequencer's address."""

    hash: Hash
    header_bytes: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class PostBatch:
    """See to it that the ledger carries the batch. Repeatable: the outbox keeps one record per ledger and batch."""

    ledger_index: int
    number: BatchNumber


@dataclass(frozen=True, slots=True)
class KeepBatch:
    """Store a batch that the anchor ledger brought, before it is derived."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class DeriveBatch:
    """Execute a kept batch. Answered by BatchDerived or BatchVoided."""

    number: BatchNumber


@dataclass(frozen=True, slots=True)
class ReadCursorBlock:
    """Read a finalized block of a ledger through our own connection. Answered by CursorRead, or not at all when the
    ledger cannot be asked now: the machine asks again when the ledger moves."""

    ledger_index: int
    height: int


@dataclass(frozen=True, slots=True)
class Rewind:
    """Drop batches above ``number`` and blocks above ``block`` from state and store."""

    number: BatchNumber
    block: BlockNumber


@dataclass(frozen=True, slots=True)
class SetHeads:
    heads: Heads


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """A ledger's finality moved: what lies below need not be scanned again after a restart."""

    ledger_index: int


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    code: str
    ledger_index: int | None
    message: str
    sticky: bool = False


@dataclass(frozen=True, slots=True)
class ClearAlarm:
    code: str
    ledger_index: int | None


@dataclass(frozen=True, slots=True)
class RecordEquivocation:
    """Keep the proof that the sequencer signed two batches with one number. Withdrawals stay frozen from here."""

    number: BatchNumber
    ours: SignedHeader
    other: SignedHeader


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process: going on needs an operator's decision. ``code`` is that of the sticky alarm raised before."""

    code: str
    message: str


Command = (
    PostBatch
    | KeepBatch
    | DeriveBatch
    | ReadCursorBlock
    | Rewind
    | SetHeads
    | SaveCheckpoint
    | RaiseAlarm
    | ClearAlarm
    | RecordEquivocation
    | Stop
)
