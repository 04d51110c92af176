"""Decides what to do about the postings of one ledger. Pure: rows, ledger's word and time in, actions out.

Rules (protocol section 4):

- A batch that the ledger already shows is included, whoever posted it: nothing is sent for it.
- Prepared bytes are sent again, unchanged, until the ledger shows them or their nonce is used by another transaction;
  only then may other bytes take their place. So two live postings of one batch always share a nonce: one can land.
- Postings leave in batch order. A batch is prepared only when all before it are under way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import PostingAccount, PostingState, PostingStatus, SeenPosting
from rollup.settlement.settings import PostSettings

QUEUED, SENT, INCLUDED, FINAL, FAILED, SKIPPED = "queued", "sent", "included", "final", "failed", "skipped"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known when deciding. ``rows`` are the unfinished ones by ascending batch number.

    ``is_steady`` says that account and statuses were read on one and the same chain: only then does a used nonce
    together with an unknown transaction mean that another transaction used it. ``is_current`` says that every
    transaction which the account's nonce counts is known, by our own rows or by the watcher and consensus having read
    as far: only then does a batch that was not sighted need a posting.
    ``statuses`` holds every transaction of every sent row, and those included ones that are worth another look.
    ``sighted`` has what the watcher saw of these very batches, as far as it counts; ``uncounted`` are included postings
    that consensus has read and that count for nothing (out of order, on a ledger without a contract that refuses);
    ``unread`` are those that it has not read yet: they may still turn out so, and none is final before.
    """

    rows: tuple[PostingRecord, ...]
    account: PostingAccount
    statuses: Mapping[Hash, PostingStatus]
    sighted: Mapping[BatchNumber, SeenPosting]
    finalized_height: int
    now: float
    is_steady: bool = True
    is_current: bool = True
    uncounted: frozenset[BatchNumber] = frozenset()
    unread: frozenset[BatchNumber] = frozenset()
    settings: PostSettings = field(default_factory=PostSettings)


@dataclass(frozen=True, slots=True)
class Prepare:
    """Sign a posting with this nonce, keep it durably, send it."""

    number: BatchNumber
    nonce: int


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send the identical bytes again."""

    number: BatchNumber


@dataclass(frozen=True, slots=True)
class Bump:
    """Replace the transaction: same nonce, higher fee."""

    number: BatchNumber


@dataclass(frozen=True, slots=True)
class MarkIncluded:
    number: BatchNumber
    tx_id: Hash
    status: PostingStatus


@dataclass(frozen=True, slots=True)
class MarkFinal:
    number: BatchNumber


@dataclass(frozen=True, slots=True)
class Requeue:
    """Its nonce went to another transaction, or the ledger refused it: prepare it anew. ``is_failure`` counts."""

    number: BatchNumber
    reason: str
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """A later posting covers this batch."""

    number: BatchNumber


@dataclass(frozen=True, slots=True)
class ReportGap:
    """The first posting in line waits for a nonce that nobody uses. The next batch will take it, whatever the window of
    unconfirmed postings says; until there is one, an operator can send any transaction from the account."""

    number: BatchNumber
    nonce: int


Action = Prepare | Broadcast | Bump | MarkIncluded | MarkFinal | Requeue | Skip | ReportGap


def decide_postings(outlook: Outlook) -> tuple[Action, ...]:
    """What to do now, in this order. The same outlook always gives the same answer."""
    reviewed = tuple(action for row in outlook.rows for action in _review(row, outlook))
    if not outlook.is_current or any(isinstance(action, Requeue) for action in reviewed):
        return reviewed  # what was requeued changes places: prepare when that is written
    return reviewed + tuple(_prepare_next(outlook, frozenset(action.number for action in reviewed)))


def tx_ids_of(row: PostingRecord) -> tuple[Hash, ...]:
    """Every transaction that may still land for this row, the latest first."""
    return ((row.tx_id,) if row.tx_id is not None else ()) + row.earlier_tx_ids


def _review(row: PostingRecord, outlook: Outlook) -> Iterator[Action]:
    seen = outlook.sighted.get(row.batch_number)
    if row.state in (QUEUED, SENT) and seen is not None:
        yield MarkIncluded(row.batch_number, seen.tx_id, _sighted_status(seen, outlook))
    elif row.state == SENT:
        yield from _review_sent(row, outlook)
    elif row.state == INCLUDED:
        yield from _review_included(row, outlook)


def _sighted_status(seen: SeenPosting, outlook: Outlook) -> PostingStatus:
    known = outlook.statuses.get(seen.tx_id)
    return (
        known
        if known is not None and known.height == seen.height
        else PostingStatus(PostingState.INCLUDED, seen.height, seen.block_hash)
    )


def _review_sent(row: PostingRecord, outlook: Outlook) -> Iterator[Action]:
    tx_id, status = _best_status(row, outlook)
    if status.state is PostingState.INCLUDED:
        yield MarkIncluded(row.batch_number, tx_id, status)
    elif status.state is PostingState.FAILED:
        yield Requeue(row.batch_number, "the ledger included it and refused it", is_failure=True)
    elif status.state is PostingState.PENDING:
        if _is_first_in_line(row, outlook) and outlook.now - row.sent_at >= _patience_s(row, outlook):
            yield _unblock(row, outlook)
    elif row.nonce < outlook.account.next_nonce:
        if outlook.is_steady:
            yield Requeue(row.batch_number, f"nonce {row.nonce} was used by another transaction")
    else:
        yield Broadcast(row.batch_number)


def _unblock(row: PostingRecord, outlook: Outlook) -> Action:
    """A higher fee helps the account's next transaction only."""
    if _is_next_unused(outlook) and outlook.account.next_nonce < row.nonce:
        return ReportGap(row.batch_number, outlook.account.next_nonce)
    return Bump(row.batch_number)


def _is_next_unused(outlook: Outlook) -> bool:
    """The account's next nonce is neither in the ledger's pool nor in bytes of ours, which are sent again where a reorg
    took them back."""
    missing = outlook.account.next_nonce
    return outlook.is_steady and outlook.account.pending_nonce <= missing and missing not in _used_nonces(outlook)


def _used_nonces(outlook: Outlook) -> frozenset[int]:
    """Of all our bytes, also of those that a reorg has just taken back."""
    return frozenset(row.nonce for row in outlook.rows if row.raw)


def _review_included(row: PostingRecord, outlook: Outlook) -> Iterator[Action]:
    if row.batch_number in outlook.uncounted:
        if row.attempts < outlook.settings.failures_max:
            yield Requeue(row.batch_number, "the ledger carries it where it counts for nothing", is_failure=True)
        return
    if row.tx_id is None or not any(tx_id in outlook.statuses for tx_id in tx_ids_of(row)):
        return
    tx_id, status = _best_status(row, outlook)
    if status.state is PostingState.INCLUDED and status.height is not None:
        is_read = tx_id == row.tx_id and row.batch_number not in outlook.unread
        is_final = is_read and status.height <= outlook.finalized_height
        if is_final or (tx_id, status.height) != (row.tx_id, row.height):
            yield MarkIncluded(row.batch_number, tx_id, status)
        if is_final:
            yield MarkFinal(row.batch_number)
    elif row.raw and row.nonce >= outlook.account.next_nonce:
        yield Broadcast(row.batch_number)
    elif status.state is not PostingState.PENDING and outlook.is_steady:
        yield Requeue(row.batch_number, "a reorg took it back and its nonce was used by another transaction")


def _best_status(row: PostingRecord, outlook: Outlook) -> tuple[Hash, PostingStatus]:
    """The luckiest of a row's transactions: they share a nonce, so at most one is on the chain."""
    order = (PostingState.INCLUDED, PostingState.FAILED, PostingState.PENDING, PostingState.UNKNOWN)
    unknown = PostingStatus(PostingState.UNKNOWN)
    found = [(tx_id, outlook.statuses.get(tx_id, unknown)) for tx_id in tx_ids_of(row)]
    return min(found, key=lambda pair: order.index(pair[1].state))


def _is_first_in_line(row: PostingRecord, outlook: Outlook) -> bool:
    """No bytes of ours wait before it: neither sent ones nor those of an included row that a reorg took back."""
    after = outlook.account.next_nonce
    return row.nonce == min(
        other.nonce for other in outlook.rows if other.state == SENT or (other.raw and other.nonce >= after)
    )


def _patience_s(row: PostingRecord, outlook: Outlook) -> float:
    """Doubles with every bump: a fee that does not help is not raised to the cap in minutes."""
    return outlook.settings.bump_after_s * float(2 ** min(row.bumps, 6))


def _prepare_next(outlook: Outlook, busy: frozenset[BatchNumber]) -> Iterator[Action]:
    """Queued batches in order, as far as the window of unconfirmed postings reaches."""
    sent = [row for row in outlook.rows if row.state == SENT]
    used = set(_used_nonces(outlook))
    queued = [row for row in outlook.rows if row.state == QUEUED and row.batch_number not in busy]
    if outlook.settings.may_skip and len(queued) > outlook.settings.skip_above:
        yield from (Skip(row.batch_number) for row in queued[:-1])
        queued = queued[-1:]
    room = max(outlook.settings.inflight_max - len(sent), 0)
    nonce = outlook.account.next_nonce
    if _is_next_unused(outlook) and any(row.nonce > nonce for row in sent):
        room = max(room, 1)  # else a full window would wait for ever for what only the next batch can fill
    for row in queued[:room]:
        while nonce in used:
            nonce += 1
        if row.attempts and nonce != outlook.account.next_nonce:
            return  # it was refused before: ask the ledger first, which is possible for the next transaction only
        used.add(nonce)
        yield Prepare(row.batch_number, nonce)
