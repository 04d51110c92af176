"""What the machine is told. Past tense: each event has already happened, nobody asks for it to be undone.

Heights are heights of one ledger; blocks and batches are the rollup's own.
"""

from dataclasses import dataclass

from rollup.core.batch import Batch
from rollup.core.ids import BatchNumber, BlockNumber, Hash
from rollup.core.ledger import SeenPosting


@dataclass(frozen=True, slots=True)
class BlockSealed:
    """Our own sequencer sealed a block."""

    number: BlockNumber


@dataclass(frozen=True, slots=True)
class BatchSealed:
    """Our own sequencer signed a batch, recorded the signature durably and keeps the batch in the store."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class PostingSeen:
    """A posting stands in a canonical block of a ledger. Per ledger they come in chain order."""

    ledger_index: int
    posting: SeenPosting


@dataclass(frozen=True, slots=True)
class LedgerAdvanced:
    """Every posting up to and with ``height`` was reported. ``head`` is the ledger's tip: equal once we are level with
    it. ``finalized_height`` (-1: nothing) never exceeds ``height``."""

    ledger_index: int
    height: int
    finalized_height: int
    head: int


@dataclass(frozen=True, slots=True)
class LedgerReorged:
    """Blocks above ``to_height`` are no longer canonical; what replaces them is reported after this."""

    ledger_index: int
    to_height: int


@dataclass(frozen=True, slots=True)
class LedgerLost:
    ledger_index: int
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerReached:
    ledger_index: int


@dataclass(frozen=True, slots=True)
class CursorRead:
    """Answer to ReadCursorBlock: the block that our own view of the ledger has at this height."""

    ledger_index: int
    height: int
    block_hash: Hash


@dataclass(frozen=True, slots=True)
class BatchDerived:
    """Answer to DeriveBatch. ``roots_match`` is False when our execution and the signed header differ."""

    number: BatchNumber
    batch_hash: Hash
    last_block: BlockNumber
    roots_match: bool


@dataclass(frozen=True, slots=True)
class BatchVoided:
    """Answer to DeriveBatch: the content breaks a rule, so that the batch changes no state on any node."""

    number: BatchNumber
    batch_hash: Hash
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmCleared:
    """An operator has seen a sticky alarm and lets the node go on without it."""

    code: str
    ledger_index: int | None


Event = (
    BlockSealed
    | BatchSealed
    | PostingSeen
    | LedgerAdvanced
    | LedgerReorged
    | LedgerLost
    | LedgerReached
    | CursorRead
    | BatchDerived
    | BatchVoided
    | AlarmCleared
)
