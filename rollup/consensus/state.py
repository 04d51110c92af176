"""What the machine knows: the chain of batches, and one view per ledger. Immutable; questions, no decisions."""

from dataclasses import dataclass, field, replace
from enum import Enum

from rollup.consensus.commands import SignedHeader
from rollup.core.batch_body import BODY_BYTES_MAX
from rollup.core.cursor import Cursor
from rollup.core.genesis import LedgerRole, LedgerSpec
from rollup.core.heads import Heads
from rollup.core.ids import Address, BatchNumber, BlockNumber, Hash

HISTORY_BATCHES_MAX = 1024
"""Finalized batches that stay in view, so that a mirror that lags by as much can still be compared."""

MARKS_MAX = 4096
"""Postings remembered per mirror. Anybody may write pointers there: the bound keeps spam from filling memory."""


class Role(Enum):
    SEQUENCER = "sequencer"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not change while the node runs. ``watched`` are the ledgers to which this node has a connection:
    cursors of any other ledger are taken on the anchor's word (ADR 0002). ``body_bytes_max`` is the format's, the same
    on every node: which batch counts must not hang on a setting."""

    role: Role
    rollup_id: int
    sequencer: Address
    sequencer_epoch: int
    genesis_hash: Hash
    ledgers: tuple[LedgerSpec, ...]
    watched: frozenset[int]
    attested_min: int
    outbox_batches_max: int = 32
    body_bytes_max: int = BODY_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch of our chain.

    ``anchor_height`` and ``anchor_hash`` name the anchor ledger's block that carries it (None: none does now).
    ``block_after`` is the rollup's head after it (None: not derived yet; a void batch leaves the head where it was).
    ``open_cursors`` still have to be compared with our own view of their ledgers.
    """

    number: BatchNumber
    signed: SignedHeader
    last_block: BlockNumber
    anchor_height: int | None = None
    anchor_hash: Hash | None = None
    block_after: BlockNumber | None = None
    open_cursors: tuple[Cursor, ...] = ()

    @property
    def hash(self) -> Hash:
        return self.signed.hash


@dataclass(frozen=True, slots=True)
class Mark:
    """A posting on a mirror. ``signed`` is None for a bare pointer, which proves nothing about who wrote it."""

    number: BatchNumber
    batch_hash: Hash
    height: int
    signed: SignedHeader | None


@dataclass(frozen=True, slots=True)
class LedgerView:
    """``height`` is how far we have read (-1: nothing yet); ``is_level`` says that it was the tip when we got there."""

    spec: LedgerSpec
    height: int = -1
    finalized_height: int = -1
    is_level: bool = False
    marks: tuple[Mark, ...] = ()

    @property
    def index(self) -> int:
        return self.spec.index


@dataclass(frozen=True, slots=True)
class State:
    """``chain`` is never empty and has consecutive numbers: what the anchor carries comes first, then what it does not
    (a sequencer's own batches under way, or what a reorg took back); what is derived comes before what is not."""

    settings: Settings
    chain: tuple[Entry, ...]
    ledgers: tuple[LedgerView, ...]
    unsafe: BlockNumber
    heads: Heads
    deriving: Hash | None = None
    asked: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    alarms: frozenset[tuple[str, int | None]] = field(default_factory=frozenset)
    proven: frozenset[Hash] = field(default_factory=frozenset)
    is_caught_up: bool = False
    is_frozen: bool = False
    is_stopped: bool = False


def genesis_entry(settings: Settings) -> Entry:
    """Batch 0: final everywhere and for ever; its hash is the genesis hash."""
    signed = SignedHeader(settings.genesis_hash, b"", b"")
    return Entry(BatchNumber(0), signed, BlockNumber(0), anchor_height=-1, block_after=BlockNumber(0))


def initial_state(
    settings: Settings, chain: tuple[Entry, ...] = (), ledgers: tuple[LedgerView, ...] = (), unsafe: int = 0
) -> State:
    """A node as it starts: ``chain`` and ``ledgers`` are what a checkpoint brought back (nothing on the first start).
    Labels begin low and rise as the ledgers are read."""
    entries = chain or (genesis_entry(settings),)
    views = ledgers or tuple(LedgerView(spec) for spec in settings.ledgers)
    zero = BlockNumber(0)
    return State(settings, entries, views, BlockNumber(unsafe), Heads(zero, zero, zero, zero, zero))


def entry_at(state: State, number: int) -> Entry | None:
    """The batch with this number in our chain, if it is still in view."""
    position = number - state.chain[0].number
    return state.chain[position] if 0 <= position < len(state.chain) else None


def anchored_tip(state: State) -> Entry:
    """The last batch that the anchor ledger carries."""
    return next(entry for entry in reversed(state.chain) if entry.anchor_height is not None)


def applied_tip(state: State) -> Entry:
    """The last batch that is part of our executed state."""
    return next(entry for entry in reversed(state.chain) if entry.block_after is not None)


def unanchored(state: State) -> tuple[Entry, ...]:
    """Batches of our chain that the anchor ledger does not carry now."""
    return tuple(entry for entry in state.chain if entry.anchor_height is None)


def anchor_view(state: State) -> LedgerView:
    return next(view for view in state.ledgers if view.spec.role is LedgerRole.ANCHOR)


def view_of(state: State, ledger_index: int) -> LedgerView:
    return next(view for view in state.ledgers if view.index == ledger_index)


def with_entry(state: State, entry: Entry) -> State:
    """The same chain with one batch known better (same number)."""
    position = entry.number - state.chain[0].number
    return replace(state, chain=(*state.chain[:position], entry, *state.chain[position + 1 :]))


def with_view(state: State, view: LedgerView) -> State:
    ledgers = tuple(view if known.index == view.index else known for known in state.ledgers)
    return replace(state, ledgers=ledgers)


def is_backlog_full(state: State) -> bool:
    """So many sealed batches wait for the anchor ledger that the sequencer must not seal more (protocol section 4)."""
    return len(unanchored(state)) >= state.settings.outbox_batches_max
