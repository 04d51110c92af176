"""What mirrors carry: marks, kept few, and the forks that they prove (protocol sections 1 and 5)."""

from dataclasses import replace

from rollup.consensus.commands import SignedHeader
from rollup.consensus.labels import carried_number, is_foreign, is_ours
from rollup.consensus.rules import is_authentic, signed_header
from rollup.consensus.state import MARKS_MAX, Entry, LedgerView, Mark, State, anchor_view, with_view
from rollup.core.ledger import SeenPosting


def see_on_mirror(state: State, view: LedgerView, posting: SeenPosting) -> tuple[State, tuple[()]]:
    """Remember a posting. A header counts only with the sequencer's signature; a bare pointer counts as far as its
    hash is ours, which only the chain of batches decides."""
    if posting.batch is not None and not is_authentic(state.settings, posting):
        return state, ()
    signed = signed_header(posting.batch) if posting.batch is not None else None
    mark = Mark(posting.batch_number, posting.batch_hash, posting.height, signed)
    if mark.number < state.chain[0].number or not mark.number or _is_known(view, mark):
        return state, ()
    return with_view(state, replace(view, marks=_bounded(state, (*view.marks, mark)))), ()


def find_forks(state: State, ours: Entry) -> tuple[SignedHeader, ...]:
    """Headers on mirrors that the sequencer signed for the number of one of our batches, with another hash."""
    found = {
        mark.batch_hash: mark.signed
        for view in state.ledgers
        for mark in view.marks
        if mark.number == ours.number and mark.signed is not None and mark.batch_hash != ours.hash
    }
    return tuple(found[batch_hash] for batch_hash in sorted(found))


def trim_marks(state: State, view: LedgerView) -> LedgerView:
    """Drop marks that a final one covers for good: one of a batch that is itself final on the anchor. Below any other,
    a reorg of the anchor may need them again. Drop those of batches that have left our view, too."""
    if not view.marks:
        return view
    anchor = anchor_view(state)
    settled = carried_number(state, anchor, anchor.finalized_height)
    covering = (mark for mark in view.marks if mark.number <= settled and mark.height <= view.finalized_height)
    covered = max((mark.number for mark in covering if is_ours(state, mark.number, mark.batch_hash)), default=0)
    lowest = max(covered, state.chain[0].number)
    return replace(view, marks=tuple(mark for mark in view.marks if mark.number >= lowest))


def _is_known(view: LedgerView, mark: Mark) -> bool:
    """The same pointer again, higher up: it adds nothing to the lower one (replays count once)."""
    return any(known.number == mark.number and known.batch_hash == mark.batch_hash for known in view.marks)


def _bounded(state: State, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Room for spam is made by spam: what our chain contradicts goes first. Of the rest the lowest numbers win: they
    are the next that labels need."""
    if len(marks) <= MARKS_MAX:
        return marks
    worst = max(range(len(marks)), key=lambda position: (*_order(state, marks[position]), position))
    return marks[:worst] + marks[worst + 1 :]


def _order(state: State, mark: Mark) -> tuple[bool, int]:
    return is_foreign(state, mark.number, mark.batch_hash), mark.number
