"""The port ``Ledger``: what settlement, applications and the gateway ask of any connected network.

A connector (``ledgers.*``) fits these Protocols by shape. Abilities beyond reading are separate small Protocols.
Heights count from 0. Hashes are 32 bytes in the ledger's display order. All methods may be cancelled at any time and
repeated; they raise only Transient (retry), Rejected (never retry as it stands) and LedgerReorged.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from rollup.core.batch import Batch
from rollup.core.ids import BatchNumber, Hash, LedgerId


@dataclass(frozen=True, slots=True)
class LedgerBlock:
    """Time is in seconds since the epoch, as the ledger's own header says."""

    height: int
    hash: Hash
    parent_hash: Hash
    time: int


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """Tip of the canonical chain, and up to which height the configured finality rule calls it final (-1: nothing)."""

    block: LedgerBlock
    finalized_height: int


class PostingForm(Enum):
    """How much of a batch a ledger carries."""

    FULL = "full"  # header, signature and body
    HEADER = "header"  # header and signature
    POINTER = "pointer"  # 49 bytes


@dataclass(frozen=True, slots=True)
class SeenPosting:
    """A posting as found on a ledger, in chain order (height, position). Content is not yet checked.

    ``batch`` is None where the ledger carries pointers; its ``body`` is empty where only the header was posted.
    Garbage that does not decode is not reported: it counts for nothing.
    """

    batch_number: BatchNumber
    batch_hash: Hash
    batch: Batch | None
    tx_id: Hash
    height: int
    block_hash: Hash
    position: int


class Ledger(Protocol):
    """Reading side. ``ledger_id`` is the identity that the node at the other end must have."""

    @property
    def ledger_id(self) -> LedgerId: ...

    async def read_head(self) -> LedgerHead:
        """Current tip. Checks chain identity; a node on another chain raises WrongLedger and is never used."""
        ...

    async def read_block(self, height: int) -> LedgerBlock:
        """Canonical block at a height. Raises UnknownBlock above the tip."""
        ...

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        """All postings of this rollup in canonical blocks first..last (inclusive), in chain order.

        Raises UnknownBlock when ``last`` is above the tip, LedgerReorged when blocks are replaced during the reading.
        """
        ...


@dataclass(frozen=True, slots=True)
class PreparedPosting:
    """A signed ledger transaction, not yet sent. The outbox holds ``raw`` durably before the first broadcast.

    ``nonce`` orders the postings of one account (0 on ledgers without). ``fee_wei_per_unit`` is the offered price in
    the ledger's smallest unit per gas or vbyte; ``bumps`` counts fee replacements.
    """

    batch_number: BatchNumber
    tx_id: Hash
    raw: bytes
    nonce: int
    fee_wei_per_unit: int
    bumps: int


class PostingState(Enum):
    UNKNOWN = "unknown"  # the node has never heard of it, or dropped it
    PENDING = "pending"
    INCLUDED = "included"
    FAILED = "failed"  # included, and the contract refused it


@dataclass(frozen=True, slots=True)
class PostingStatus:
    """``height`` and ``block_hash`` are set when included or failed; ``fee_wei`` is what it cost in all."""

    state: PostingState
    height: int | None = None
    block_hash: Hash | None = None
    fee_wei: int = 0


@dataclass(frozen=True, slots=True)
class PostingAccount:
    """The account that pays. ``next_nonce`` counts what is included, ``pending_nonce`` also what waits in the pool."""

    address: str
    balance_wei: int
    next_nonce: int
    pending_nonce: int


@runtime_checkable
class CarriesPostings(Protocol):
    """Ability: a ledger to which batches are posted."""

    @property
    def posting_form(self) -> PostingForm: ...

    async def read_account(self) -> PostingAccount:
        """Balance and nonces of the posting account."""
        ...

    async def prepare_posting(self, batch: Batch, nonce: int, replaces: PreparedPosting | None) -> PreparedPosting:
        """Sign, do not send. ``replaces`` asks for the same nonce at a replacement fee (at least 10 % above, capped).
        Raises LedgerFundsTooLow, LedgerFeeTooLow (cap reached), PostingRefused (the ledger would refuse it),
        LedgerNonceConflict (the nonce is in a block already)."""
        ...

    async def broadcast(self, prepared: PreparedPosting) -> None:
        """Send; repeatable with the same bytes. Already known or already included is success. Raises
        LedgerNonceConflict when another transaction took the nonce."""
        ...

    async def read_posting(self, tx_id: Hash) -> PostingStatus:
        """Where a sent transaction stands on the canonical chain now."""
        ...
