"""Labels: from what the ledgers carry to heads (protocol section 5). Reads the state, decides nothing else."""

from rollup.consensus.state import LedgerView, State, anchored_tip, applied_tip, entry_at
from rollup.core.genesis import LedgerRole
from rollup.core.heads import Heads
from rollup.core.ids import BatchNumber, BlockNumber


def carried_number(state: State, view: LedgerView, height_max: int) -> BatchNumber:
    """The highest batch of our chain that a ledger carries at or below a height (0: none).

    A posting covers every batch below it, because each header holds its parent's hash; it counts only when its hash is
    the one that our chain has for that number.
    """
    if view.spec.role is LedgerRole.ANCHOR:
        heights = ((entry.number, entry.anchor_height) for entry in reversed(state.chain))
        return next((number for number, at in heights if at is not None and at <= height_max), BatchNumber(0))
    ours = (
        mark.number for mark in view.marks if mark.height <= height_max and is_ours(state, mark.number, mark.batch_hash)
    )
    return max(ours, default=BatchNumber(0))


def is_ours(state: State, number: int, batch_hash: bytes) -> bool:
    """Our chain holds this very batch."""
    entry = entry_at(state, number)
    return entry is not None and entry.hash == batch_hash


def is_foreign(state: State, number: int, batch_hash: bytes) -> bool:
    """Our chain holds another batch in this place: unless the anchor reorganises, this one is never ours."""
    entry = entry_at(state, number)
    return entry is not None and entry.hash != batch_hash


def finalized_number(state: State) -> BatchNumber:
    """The last derived batch whose record on the anchor ledger is final. Its cursor blocks were final on their own
    ledgers when it was derived: an entry with open cursors is not."""
    anchor = next(view for view in state.ledgers if view.spec.role is LedgerRole.ANCHOR)
    return min(carried_number(state, anchor, anchor.finalized_height), applied_tip(state).number)


def attested_number(state: State) -> BatchNumber:
    """The last batch that is final, with the same hash, on at least ``attested_min`` ledgers."""
    carried = sorted((carried_number(state, view, view.finalized_height) for view in state.ledgers), reverse=True)
    wanted = state.settings.attested_min
    return carried[wanted - 1] if 0 < wanted <= len(carried) else BatchNumber(0)


def build_heads(state: State) -> Heads:
    """All labels as block numbers."""
    last = state.chain[-1]
    received = last.last_block if last.block_after is None else last.block_after
    return Heads(
        unsafe=state.unsafe,
        safe=_block_of(state, min(anchored_tip(state).number, applied_tip(state).number), state.heads.safe),
        finalized=_block_of(state, finalized_number(state), state.heads.finalized),
        attested=_block_of(state, min(attested_number(state), applied_tip(state).number), state.heads.attested),
        received=max(received, state.unsafe),
    )


def _block_of(state: State, number: BatchNumber, known: BlockNumber) -> BlockNumber:
    """The rollup's head after a batch. A number that has left the view was labelled before: its label stands."""
    entry = entry_at(state, number)
    return known if entry is None or entry.block_after is None else entry.block_after
