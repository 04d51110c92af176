"""The protocol as a pure machine: one event in, the next state and the commands out. No clock, no input or output.

The story it tells:

1. **The anchor ledger orders.** Its canonical blocks are read in chain order. The next batch is the first posting with
   the next number, the right parent hash, the data and the sequencer's signature (``rules.find_refusal``); everything
   else counts for nothing.
2. **An ordered batch is derived** once the cursors in its header agree with our own view of their ledgers. Our view is
   behind: wait. It differs: wait and alarm; a batch is never dropped on one node's opinion. A batch whose content
   breaks a rule is *void*: it changes no state, the numbers and hashes go on.
3. **Mirrors raise labels and alarms**, nothing else. A posting on a mirror covers every batch up to its number. Two
   headers with one number, both signed by the sequencer, are kept as proof and freeze withdrawals.
4. **A reorg takes back** what stood above it. On a mirror labels sink. On the anchor, batches wait unanchored until the
   new branch is read to its tip: those it carries again stay as they are (state depends on their order, not on where
   they stand); the sequencer posts the identical bytes of the others again, a follower rewinds them. An anchor that
   takes back what it called final stops the node: an operator decides.
5. **The sequencer runs through the same machine.** Its own batches enter the chain when it seals them. When it starts,
   the anchor may know batches that its store has lost: it derives those first and seals only when ``is_caught_up``.

``step`` is total: any event in any state is answered. The driver feeds events one at a time and carries the commands
out in order, so that no two of them ever overlap.
"""

from collections.abc import Callable
from dataclasses import replace

from rollup.consensus import commands as do
from rollup.consensus import events as on
from rollup.consensus.commands import Command
from rollup.consensus.events import Event
from rollup.consensus.labels import build_heads, carried_number, finalized_number
from rollup.consensus.mirrors import find_forks, see_on_mirror, trim_marks
from rollup.consensus.rules import cursors_of, find_refusal, is_authentic, signed_header
from rollup.consensus.state import (
    HISTORY_BATCHES_MAX,
    Entry,
    LedgerView,
    Role,
    State,
    anchor_view,
    anchored_tip,
    applied_tip,
    entry_at,
    view_of,
    with_entry,
    with_view,
)
from rollup.core.batch import Batch
from rollup.core.genesis import LedgerRole
from rollup.core.ids import BlockNumber
from rollup.core.ledger import SeenPosting

Step = tuple[State, tuple[Command, ...]]

ANCHOR_REORGED_PAST_FINALITY = "anchor_reorged_past_finality"
MIRROR_REORGED_PAST_FINALITY = "mirror_reorged_past_finality"
EQUIVOCATION = "equivocation"
FOREIGN_BATCH = "foreign_batch"
CURSOR_MISMATCH = "cursor_mismatch"
STATE_ROOT_MISMATCH = "state_root_mismatch"
BATCH_VOID = "batch_void"
LEDGER_LOST = "ledger_lost"


def step(state: State, event: Event) -> Step:
    """Answer one event: first what it means, then what follows from where we stand now."""
    if state.is_stopped:
        return state, ()
    reacted, first = _react(state, event)
    settled, then = _proceed(reacted)
    return settled, first + then


def _react(state: State, event: Event) -> Step:
    match event:
        case on.BlockSealed(number):
            return replace(state, unsafe=max(state.unsafe, number)), ()
        case on.BatchSealed(batch):
            return _add_own_batch(state, batch)
        case on.PostingSeen(index, posting):
            return _see_posting(state, view_of(state, index), posting)
        case on.LedgerAdvanced(index, height, finalized, head):
            return _advance(state, view_of(state, index), (height, finalized, head))
        case on.LedgerReorged(index, to_height):
            view = view_of(state, index)
            return (_reorg_anchor if _is_anchor(view) else _reorg_mirror)(state, view, to_height)
        case on.LedgerLost(index, reason):
            return _raise(state, do.RaiseAlarm(LEDGER_LOST, index, reason))
        case on.LedgerReached(index):
            return _clear(state, LEDGER_LOST, index)
        case on.CursorRead():
            return _compare_cursor(state, event)
        case on.BatchDerived():
            return _accept_derived(state, event)
        case on.BatchVoided():
            return _accept_void(state, event)
        case on.AlarmCleared(code, index):
            return _clear(state, code, index)


# --- 1. The order of batches ------------------------------------------------------------------------------------------


def _see_posting(state: State, view: LedgerView, posting: SeenPosting) -> Step:
    if _is_anchor(view):
        return _see_on_anchor(state, posting)
    return _chained(_alarm_forks, see_on_mirror(state, view, posting), posting.batch_number)


def _see_on_anchor(state: State, posting: SeenPosting) -> Step:
    batch = posting.batch
    if batch is None or find_refusal(state, posting):
        return _alarm_if_forked(state, posting)
    known = entry_at(state, batch.header.number)
    if known is not None and known.hash == batch.hash:
        return with_entry(state, replace(known, anchor_height=posting.height, anchor_hash=posting.block_hash)), ()
    if state.settings.role is Role.SEQUENCER and state.is_caught_up:
        return _stop_before_foreign_batch(state, posting)
    forked, proof = _alarm_if_forked(state, posting)
    rewound, undo = _drop_unanchored(forked)
    kept = replace(rewound, chain=(*rewound.chain, _ordered_entry(rewound, batch, posting)))
    return _chained(_alarm_forks, (kept, (*proof, *undo, do.KeepBatch(batch))), batch.header.number)


def _ordered_entry(state: State, batch: Batch, posting: SeenPosting) -> Entry:
    """A batch as the anchor brings it. Cursors that did not move were compared for the batch before; those of ledgers
    that this node does not watch are taken on the anchor's word."""
    header, before = batch.header, cursors_of(anchored_tip(state))
    moved = tuple(cursor for cursor in header.cursors if cursor not in before)
    watched = tuple(cursor for cursor in moved if cursor.ledger_index in state.settings.watched)
    entry = Entry(header.number, signed_header(batch), header.last_block, open_cursors=watched)
    return replace(entry, anchor_height=posting.height, anchor_hash=posting.block_hash)


def _add_own_batch(state: State, batch: Batch) -> Step:
    header, last = batch.header, state.chain[-1]
    known = entry_at(state, header.number)
    if known is not None and known.hash == batch.hash:
        return state, ()
    if (header.number, header.parent_hash) != (last.number + 1, last.hash):
        return _stop(state, f"our sequencer sealed batch {header.number}, which does not follow batch {last.number}")
    entry = Entry(header.number, signed_header(batch), header.last_block, block_after=header.last_block)
    # a ledger that was not read to its tip yet gets this batch together with what it may lack before it
    posts = tuple(do.PostBatch(view.index, header.number) for view in state.ledgers if view.is_level)
    grown = replace(state, chain=(*state.chain, entry), unsafe=max(state.unsafe, header.last_block))
    return _chained(_alarm_forks, (grown, posts), header.number)


def _drop_unanchored(state: State) -> Step:
    """Give up the batches that the anchor does not carry, and with them their blocks."""
    tip = anchored_tip(state)
    kept = tuple(entry for entry in state.chain if entry.number <= tip.number)
    moved = replace(state, chain=kept)
    block = applied_tip(moved).block_after or BlockNumber(0)
    if len(kept) == len(state.chain) and block >= state.unsafe:
        return moved, ()
    return replace(moved, unsafe=block), (do.Rewind(tip.number, block),)


def _stop_before_foreign_batch(state: State, posting: SeenPosting) -> Step:
    """Somebody else signs with our key. Which blocks stand is not for a running sequencer to decide."""
    forked, proof = _alarm_if_forked(state, posting)
    message = f"the anchor ledger carries a batch {posting.batch_number} that this sequencer did not seal"
    return _chained(_stop, (forked, proof), message)


def _stop(state: State, message: str) -> Step:
    raised, alarm = _raise(state, do.RaiseAlarm(FOREIGN_BATCH, None, message, sticky=True))
    return replace(raised, is_stopped=True), (*alarm, do.Stop(FOREIGN_BATCH, message))


# --- 2. Derivation ----------------------------------------------------------------------------------------------------


def _proceed(state: State) -> Step:
    """What follows from where we stand, whatever the event was."""
    if state.is_stopped:
        return state, ()
    derived, commands = _derive_next(state)
    level = anchor_view(derived).is_level and anchored_tip(derived).number <= applied_tip(derived).number
    moved = _forget_old(replace(derived, is_caught_up=derived.is_caught_up or level))
    heads = build_heads(moved)
    if heads == moved.heads:
        return moved, commands
    return replace(moved, heads=heads), (*commands, do.SetHeads(heads))


def _derive_next(state: State) -> Step:
    following = entry_at(state, applied_tip(state).number + 1)
    if following is None or state.deriving is not None:
        return state, ()
    if following.open_cursors:
        return _ask_for_cursors(state, following)
    return replace(state, deriving=following.hash), (do.DeriveBatch(following.number),)


def _ask_for_cursors(state: State, entry: Entry) -> Step:
    """Ask our own connections for the cursor blocks that they call final; once per movement of the ledger."""
    wanted = frozenset(
        (cursor.ledger_index, cursor.height)
        for cursor in entry.open_cursors
        if view_of(state, cursor.ledger_index).finalized_height >= cursor.height
    )
    new = sorted(wanted - state.asked)
    reads = tuple(do.ReadCursorBlock(index, height) for index, height in new)
    return replace(state, asked=state.asked | wanted), reads


def _compare_cursor(state: State, answer: on.CursorRead) -> Step:
    """An answer serves one batch: the next one may name the same block, and asks again."""
    entry = entry_at(state, applied_tip(state).number + 1)
    key = (answer.ledger_index, answer.height)
    answered = replace(state, asked=state.asked - {key})
    if entry is None:
        return answered, ()
    asked = tuple(cursor for cursor in entry.open_cursors if (cursor.ledger_index, cursor.height) == key)
    if not asked:
        return answered, ()
    if any(cursor.block_hash != answer.block_hash for cursor in asked):
        message = f"batch {entry.number} is undecided: our view of the ledger has another block {answer.height}"
        return _raise(state, do.RaiseAlarm(CURSOR_MISMATCH, answer.ledger_index, message))
    still_open = tuple(cursor for cursor in entry.open_cursors if cursor not in asked)
    return _clear(with_entry(answered, replace(entry, open_cursors=still_open)), CURSOR_MISMATCH, answer.ledger_index)


def _accept_derived(state: State, answer: on.BatchDerived) -> Step:
    idle = replace(state, deriving=None)
    entry = entry_at(idle, answer.number)
    if entry is None or entry.hash != answer.batch_hash or entry.block_after is not None:
        return idle, ()
    known = with_entry(idle, replace(entry, block_after=answer.last_block))
    moved = replace(known, unsafe=max(known.unsafe, answer.last_block))
    if answer.roots_match:
        return moved, ()
    message = f"batch {answer.number}: our execution and the signed header differ; this node attests nothing"
    return _raise(moved, do.RaiseAlarm(STATE_ROOT_MISMATCH, None, message, sticky=True))


def _accept_void(state: State, answer: on.BatchVoided) -> Step:
    idle = replace(state, deriving=None)
    entry = entry_at(idle, answer.number)
    if entry is None or entry.hash != answer.batch_hash or entry.block_after is not None:
        return idle, ()
    moved = with_entry(idle, replace(entry, block_after=applied_tip(idle).block_after))
    return _raise(
        moved, do.RaiseAlarm(BATCH_VOID, None, f"batch {answer.number} is void: {answer.reason}", sticky=True)
    )


# --- 3. Ledgers that move ---------------------------------------------------------------------------------------------


def _advance(state: State, view: LedgerView, reading: tuple[int, int, int]) -> Step:
    height, finalized, head = reading
    is_first_level = height >= head and not view.is_level
    moved = replace(
        view,
        height=height,
        finalized_height=max(view.finalized_height, finalized),
        is_level=view.is_level or height >= head,
    )
    known = with_view(state, trim_marks(state, moved))
    known = replace(known, asked=frozenset(key for key in state.asked if key[0] != view.index))
    saves = (do.SaveCheckpoint(view.index),) if moved.finalized_height > view.finalized_height else ()
    if not is_first_level:
        return known, saves
    return _chained(_settle_branch, (known, saves), view.index)


def _settle_branch(state: State, ledger_index: int) -> Step:
    """A ledger was read to its tip for the first time, or again after a reorg: what it lacks, it lacks."""
    view = view_of(state, ledger_index)
    if state.settings.role is Role.SEQUENCER:
        carried = carried_number(state, view, view.height)
        missing = (entry.number for entry in state.chain if entry.number > carried)
        return state, tuple(do.PostBatch(ledger_index, number) for number in missing)
    return _drop_unanchored(state) if _is_anchor(view) else (state, ())


# --- 4. Reorgs --------------------------------------------------------------------------------------------------------


def _reorg_anchor(state: State, view: LedgerView, to_height: int) -> Step:
    if to_height < view.finalized_height:
        message = f"blocks above {to_height} are gone, {view.finalized_height} was final: an operator decides"
        alarm = do.RaiseAlarm(ANCHOR_REORGED_PAST_FINALITY, view.index, message, sticky=True)
        raised, commands = _raise(state, alarm)
        return replace(raised, is_stopped=True), (*commands, do.Stop(ANCHOR_REORGED_PAST_FINALITY, message))
    chain = tuple(_without_record_above(entry, to_height) for entry in state.chain)
    moved = replace(view, height=min(view.height, to_height), is_level=False)
    return with_view(replace(state, chain=chain), moved), ()


def _without_record_above(entry: Entry, height: int) -> Entry:
    is_gone = entry.anchor_height is not None and entry.anchor_height > height
    return replace(entry, anchor_height=None, anchor_hash=None) if is_gone else entry


def _reorg_mirror(state: State, view: LedgerView, to_height: int) -> Step:
    moved = replace(
        view,
        height=min(view.height, to_height),
        finalized_height=min(view.finalized_height, to_height),
        is_level=False,
        marks=tuple(mark for mark in view.marks if mark.height <= to_height),
    )
    known = with_view(state, moved)
    if to_height >= view.finalized_height:
        return known, ()
    message = f"blocks above {to_height} are gone, {view.finalized_height} was final"
    return _raise(known, do.RaiseAlarm(MIRROR_REORGED_PAST_FINALITY, view.index, message, sticky=True))


# --- 5. Alarms and proofs ---------------------------------------------------------------------------------------------


def _alarm_if_forked(state: State, posting: SeenPosting) -> Step:
    """A signed batch other than ours for its number: it counts for nothing in the order, but it proves."""
    ours = entry_at(state, posting.batch_number)
    if posting.batch is None or ours is None or not ours.number or ours.hash == posting.batch_hash:
        return state, ()
    if not is_authentic(state.settings, posting):
        return state, ()
    return _record_fork(state, ours, signed_header(posting.batch))


def _alarm_forks(state: State, number: int) -> Step:
    """Compare our batch of this number with what the mirrors carry for it."""
    result: Step = (state, ())
    ours = entry_at(state, number)
    if ours is None:
        return result
    for other in find_forks(state, ours):
        result = _chained(_record_fork, result, ours, other)
    return result


def _record_fork(state: State, ours: Entry, other: do.SignedHeader) -> Step:
    if other.hash in state.proven:
        return state, ()
    message = f"the sequencer signed two batches {ours.number}: {ours.hash.hex()} and {other.hash.hex()}"
    raised, alarm = _raise(state, do.RaiseAlarm(EQUIVOCATION, None, message, sticky=True))
    proven = replace(raised, is_frozen=True, proven=state.proven | {other.hash})
    return proven, (do.RecordEquivocation(ours.number, ours.signed, other), *alarm)


def _is_anchor(view: LedgerView) -> bool:
    return view.spec.role is LedgerRole.ANCHOR


def _raise(state: State, alarm: do.RaiseAlarm) -> Step:
    key = (alarm.code, alarm.ledger_index)
    return (state, ()) if key in state.alarms else (replace(state, alarms=state.alarms | {key}), (alarm,))


def _clear(state: State, code: str, ledger_index: int | None) -> Step:
    key = (code, ledger_index)
    if key not in state.alarms:
        return state, ()
    return replace(state, alarms=state.alarms - {key}), (do.ClearAlarm(code, ledger_index),)


def _forget_old(state: State) -> State:
    """Keep in view what may still change, and some history for mirrors that lag."""
    surplus = finalized_number(state) - HISTORY_BATCHES_MAX - state.chain[0].number
    return replace(state, chain=state.chain[surplus:]) if surplus > 0 else state


def _chained(then: Callable[..., Step], result: Step, *arguments: object) -> Step:
    """``then`` on the state of a step, with the commands of both in order."""
    state, commands = result
    moved, more = then(state, *arguments)
    return moved, commands + more
