"""Labels on the chain, and what the operator sees of every ledger (protocol section 5)."""

from dataclasses import dataclass

from rollup.core.genesis import LedgerSpec
from rollup.core.ids import BatchNumber, BlockNumber, Hash


@dataclass(frozen=True, slots=True)
class Heads:
    """Block numbers per label. ``attested`` is the last block whose batch is final on at least k ledgers.

    ``received`` is the last block known to exist (anchored or fed), ``unsafe`` the last one executed here: a lagging
    node must not call itself synced.
    """

    unsafe: BlockNumber
    safe: BlockNumber
    finalized: BlockNumber
    attested: BlockNumber
    received: BlockNumber


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator must see. ``code`` is stable (``ledger_reorged``, ``cursor_mismatch``,
    ``equivocation`` ...); a sticky alarm stays until an operator clears it."""

    code: str
    ledger_index: int | None
    message: str
    since: float
    sticky: bool = False


@dataclass(frozen=True, slots=True)
class PostingRecord:
    """One batch on its way to one ledger: the outbox's row. ``state`` moves queued > sent > included >
    final, or failed.

    ``raw``, ``nonce``, ``fee_wei_per_unit`` and ``bumps`` are those of the last prepared transaction (empty while
    queued); ``earlier_tx_ids`` are replaced ones, any of which may still land.
    """

    ledger_index: int
    batch_number: BatchNumber
    batch_hash: Hash
    state: str
    tx_id: Hash | None = None
    earlier_tx_ids: tuple[Hash, ...] = ()
    raw: bytes = b""
    nonce: int = 0
    fee_wei_per_unit: int = 0
    bumps: int = 0
    height: int | None = None
    block_hash: Hash | None = None
    fee_wei: int = 0
    attempts: int = 0
    last_error: str = ""
    sent_at: float = 0.0


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """Per ledger: head, finality, how far batches got, what waits. ``height`` -1 while it was never reached.

    ``last_batch_seen`` and ``last_batch_final`` are batch numbers (0: none); ``confirmations`` counts the blocks on
    top of the last posting seen, including its own. ``watched`` is False for a ledger of the genesis to which this node
    is not connected: nothing is known of it.
    """

    spec: LedgerSpec
    reachable: bool
    height: int
    finalized_height: int
    last_seen_at: float
    last_batch_seen: BatchNumber
    last_batch_final: BatchNumber
    last_tx_id: Hash | None
    confirmations: int
    outbox_depth: int
    error: str
    alarms: tuple[Alarm, ...]
    watched: bool = True
