"""Carries batches to one ledger from one account. What to do is decided in ``posting``; here it is done, crash-safe.

Prepared bytes are in the outbox, synced, before they are sent for the first time. Whatever was cut off by a crash is
found there again, and sent again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from rollup.core.errors import (
    LedgerFeeTooLow,
    LedgerFundsTooLow,
    LedgerNonceConflict,
    PostingRefused,
    Rejected,
    Reset,
    RollupError,
    Transient,
)
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import PostingState, PostingStatus, PreparedPosting, SeenPosting
from rollup.settlement import posting as act
from rollup.settlement.ports import AlarmSink, Batches, Carriage, Outbox, PostingLedger
from rollup.settlement.posting import FAILED, FINAL, INCLUDED, QUEUED, SENT, SKIPPED, Action, Outlook, tx_ids_of
from rollup.settlement.settings import PostSettings
from rollup.settlement.sightings import LedgerSightings

FUNDS_LOW = "posting_funds_low"
FEE_CAPPED = "posting_fee_capped"
REFUSED = "posting_refused"
NONCE_GAP = "posting_nonce_gap"
EARLIER_MAX = 16
UNFINISHED = (QUEUED, SENT, INCLUDED)


@dataclass(frozen=True, slots=True)
class PosterParts:
    """What a poster works with. ``clock`` gives seconds since the epoch: rows outlive the process."""

    ledger: PostingLedger
    outbox: Outbox
    batches: Batches
    sightings: LedgerSightings
    alarms: AlarmSink
    carriage: Carriage
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class _Claim:
    """At this height the account had used the nonces below ``next_nonce``."""

    next_nonce: int
    height: int
    reorgs: int


class Poster:
    """``run`` never returns. One per ledger and account; a second one elsewhere costs retries, no batch."""

    def __init__(self, ledger_index: int, parts: PosterParts, settings: PostSettings) -> None:
        self.ledger_index = ledger_index
        self._parts = parts
        self._settings = settings
        self._rows: dict[BatchNumber, PostingRecord] = {}
        self._reorgs_handled = -1
        self._failures = 0
        self._nonce_known = 0
        """Nonces below are used by transactions whose effect is known: by our rows, or because everything was read."""
        self._claim: _Claim | None = None
        self._is_open = False
        self._turn = asyncio.Lock()
        self._writing = asyncio.Lock()

    async def open(self) -> None:
        """Read the outbox. Called once, before anything else."""
        rows = await asyncio.to_thread(self._parts.outbox.open_rows, self.ledger_index)
        self._rows = {row.batch_number: row for row in rows if row.state in UNFINISHED} | self._rows
        self._nonce_known = max((row.nonce + 1 for row in rows if row.raw), default=0)
        self._is_open = True

    async def run(self) -> None:
        if not self._is_open:
            await self.open()
        while True:
            delay_s = await self._work_once()
            # not wait_for: in Python 3.11 it loses a cancellation that comes together with the event
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._parts.sightings.moved.wait()

    def wake(self) -> None:
        """Look at the rows now."""
        self._parts.sightings.moved.set()

    @property
    def ledger(self) -> PostingLedger:
        return self._parts.ledger

    @property
    def depth(self) -> int:
        """Batches that this ledger does not carry yet."""
        return sum(row.state in (QUEUED, SENT) for row in self._rows.values())

    async def enqueue(self, number: BatchNumber, batch_hash: Hash) -> None:
        """See to it that the ledger carries this batch. The same batch again changes nothing; another batch of the same
        number (the anchor's order replaced ours) takes its place. Never waits for the ledger."""
        known = self._rows.get(number) or await asyncio.to_thread(self._parts.outbox.get, self.ledger_index, number)
        if known is None or known.batch_hash != batch_hash:
            await self.write(PostingRecord(self.ledger_index, number, batch_hash, QUEUED), replaces=True)
        elif known.state in (FINAL, SKIPPED):
            # asked for again although it was final: a reorg past finality
            await self.write(replace(known, state=SENT if known.raw else QUEUED))
        self.wake()

    async def amend(self, row: PostingRecord) -> None:
        """Write a row by an operator's hand, between two rounds."""
        async with self._turn:
            await self.write(row)
        self.wake()

    async def write(self, row: PostingRecord, *, replaces: bool = False) -> None:
        """Durable, then known; one at a time. What a round still does for a batch that was replaced meanwhile is
        dropped."""
        async with self._writing:
            known = self._rows.get(row.batch_number)
            if known is not None and known.batch_hash != row.batch_hash and not replaces:
                return
            await asyncio.to_thread(self._parts.outbox.put, row)
            if row.state in UNFINISHED:
                self._rows[row.batch_number] = row
            else:
                self._rows.pop(row.batch_number, None)

    async def _work_once(self) -> float:
        """One round; returns the seconds until the next."""
        self._parts.sightings.moved.clear()
        try:
            async with self._turn:
                await self.work()
        except (Transient, Rejected, Reset):
            # the watcher reports a ledger that does not answer; what concerns one row is kept with the row
            self._failures += 1
            return min(self._settings.poll_interval_s * 2.0 ** min(self._failures, 16), self._settings.backoff_max_s)
        self._failures = 0
        return self._settings.poll_interval_s

    async def work(self) -> None:
        """Look at everything unfinished and do what is due. Raises what the ledger raises."""
        await self._adopt_sightings()
        if not self._rows or self._parts.sightings.tip is None:
            return  # before the ledger was read to its tip, nobody knows what it carries
        reorgs = self._parts.sightings.reorgs
        for action in act.decide_postings(await self._look()):
            await self._carry_out(action)
        self._reorgs_handled = reorgs

    async def _adopt_sightings(self) -> None:
        """Rebuild rows that the outbox does not have from what the ledger shows."""
        for seen in self._parts.sightings.take_fresh():
            if seen.batch_number not in self._rows:
                await self._adopt_sighting(seen)

    async def _adopt_sighting(self, seen: SeenPosting) -> None:
        known = await asyncio.to_thread(self._parts.outbox.get, self.ledger_index, seen.batch_number)
        batch = await asyncio.to_thread(self._parts.batches.batch, seen.batch_number)
        if known is None and batch is None:
            self._parts.sightings.put_back(seen)  # not ours yet: the node may still be reading the anchor ledger
        elif known is None and batch is not None and batch.hash == seen.batch_hash:
            row = PostingRecord(self.ledger_index, seen.batch_number, seen.batch_hash, INCLUDED)
            status = PostingStatus(PostingState.INCLUDED, seen.height, seen.block_hash)
            await self.write(_included(row, seen.tx_id, status))

    async def _look(self) -> Outlook:
        rows = tuple(self._rows[number] for number in sorted(self._rows))
        head = await self._parts.ledger.read_head()
        account = await self._parts.ledger.read_account()
        statuses: dict[Hash, PostingStatus] = {}
        for row in rows:
            if self._is_worth_a_look(row):
                for tx_id in tx_ids_of(row):
                    statuses[tx_id] = await self._parts.ledger.read_posting(tx_id)
        is_steady = (await self._parts.ledger.read_head()).block.hash == head.block.hash
        self._learn_nonces(rows)
        if is_steady:
            self._claim = _Claim(account.next_nonce, head.block.height, self._parts.sightings.reorgs)
        return Outlook(
            rows=rows,
            account=account,
            statuses=statuses,
            sighted=self._find_counted(rows),
            finalized_height=self._parts.sightings.finalized_height,
            now=self._parts.clock(),
            is_steady=is_steady,
            is_current=account.next_nonce <= self._nonce_known,
            uncounted=self._find_judged(rows, statuses, verdict=False),
            unread=self._find_judged(rows, statuses, verdict=None),
            settings=self._settings,
        )

    def _learn_nonces(self, rows: tuple[PostingRecord, ...]) -> None:
        """What an earlier look saw used is known once watcher and consensus have read that far on the same chain."""
        claim, seen = self._claim, self._parts.sightings
        if claim is None or seen.tip is None or seen.tip.height < claim.height or seen.reorgs != claim.reorgs:
            return
        if all(self._judge(row, claim.height) is not None for row in rows):
            self._nonce_known = max(self._nonce_known, claim.next_nonce)

    def _find_counted(self, rows: tuple[PostingRecord, ...]) -> dict[BatchNumber, SeenPosting]:
        found = ((row, self._parts.sightings.find(row.batch_number, row.batch_hash)) for row in rows)
        return {row.batch_number: seen for row, seen in found if seen and self._judge(row, seen.height)}

    def _find_judged(
        self, rows: tuple[PostingRecord, ...], statuses: dict[Hash, PostingStatus], *, verdict: bool | None
    ) -> frozenset[BatchNumber]:
        """Included postings that stand on the ledger now, with this verdict of consensus."""
        included = [(row, statuses.get(row.tx_id)) for row in rows if row.state == INCLUDED and row.tx_id is not None]
        return frozenset(
            row.batch_number
            for row, status in included
            if status is not None
            and status.state is PostingState.INCLUDED
            and self._judge(row, status.height) is verdict
        )

    def _judge(self, row: PostingRecord, height: int | None) -> bool | None:
        if height is None:
            return None
        return self._parts.carriage.judge(self.ledger_index, row.batch_number, row.batch_hash, height)

    def _is_worth_a_look(self, row: PostingRecord) -> bool:
        """What is included changes when the ledger reorganises, and ends when it is final."""
        if row.state != INCLUDED:
            return row.state == SENT
        is_final = row.height is not None and row.height <= self._parts.sightings.finalized_height
        return is_final or self._parts.sightings.reorgs > self._reorgs_handled or self._judge(row, row.height) is False

    async def _carry_out(self, action: Action) -> None:
        row = self._rows.get(action.number)
        if row is None:
            return  # an operator took it away, or another batch took its place
        match action:
            case act.Prepare(_, nonce):
                await self._prepare(row, nonce)
            case act.Broadcast():
                await self._send(replace(row, state=SENT, height=None, block_hash=None))
            case act.Bump():
                await self._bump(row)
            case act.MarkIncluded(_, tx_id, status):
                await self.write(_included(row, tx_id, status))
                self._clear_alarms()
            case act.MarkFinal():
                await self.write(replace(row, state=FINAL, attempts=0))
            case act.Requeue(_, reason, is_failure):
                await self._requeue(_requeued(row, reason, is_failure=is_failure))
            case act.ReportGap(number, nonce):
                message = f"batch {number} waits for nonce {nonce}, which no transaction of the account uses"
                self._parts.alarms.raise_alarm(NONCE_GAP, self.ledger_index, message)
            case act.Skip():
                await self.write(replace(row, state=SKIPPED, last_error="covered by a later posting"))

    async def _requeue(self, row: PostingRecord) -> None:
        self._claim = None
        self._nonce_known = min(self._nonce_known, row.nonce)  # whatever took the nonce may carry this very batch
        await self.write(row)
        if row.attempts >= self._settings.failures_max:
            self._parts.alarms.raise_alarm(REFUSED, self.ledger_index, f"batch {row.batch_number}: {row.last_error}")

    async def _prepare(self, row: PostingRecord, nonce: int) -> None:
        batch = await asyncio.to_thread(self._parts.batches.batch, row.batch_number)
        if batch is None or batch.hash != row.batch_hash:
            await self.write(replace(row, state=FAILED, last_error="the batch is no longer part of the chain"))
            return
        prepared = await self._ask(row, self._parts.ledger.prepare_posting(batch, nonce, None))
        self._nonce_known = max(self._nonce_known, nonce + 1)
        await self._send(_prepared(row, prepared, self._parts.clock()))

    async def _bump(self, row: PostingRecord) -> None:
        batch = await asyncio.to_thread(self._parts.batches.batch, row.batch_number)
        if batch is None or not row.raw:
            return
        prepared = await self._ask(row, self._parts.ledger.prepare_posting(batch, row.nonce, prepared_of(row)))
        bumped = _prepared(row, prepared, self._parts.clock())
        await self.write(bumped)
        await self._parts.ledger.broadcast(prepared_of(bumped))

    async def _ask(self, row: PostingRecord, preparing: Awaitable[PreparedPosting]) -> PreparedPosting:
        """Await a preparation; what stands in its way is written to the row and shown to the operator."""
        try:
            return await preparing
        except LedgerFundsTooLow as error:
            await self._report(row, FUNDS_LOW, error)
            raise
        except LedgerFeeTooLow as error:
            await self._report(row, FEE_CAPPED, error)
            raise
        except PostingRefused as error:
            await self._report(replace(row, attempts=row.attempts + 1), REFUSED, error)
            raise

    async def _report(self, row: PostingRecord, code: str, error: RollupError) -> None:
        await self.write(replace(row, last_error=str(error)))
        if code != REFUSED or row.attempts >= self._settings.failures_max:
            self._parts.alarms.raise_alarm(code, self.ledger_index, f"batch {row.batch_number}: {error}")

    async def _send(self, row: PostingRecord) -> None:
        """Keep, then send. A fee that the ledger no longer takes is raised at once."""
        if row != self._rows.get(row.batch_number):
            await self.write(row)
        try:
            await self._parts.ledger.broadcast(prepared_of(row))
        except LedgerFeeTooLow as error:
            await self.write(replace(row, last_error=str(error)))
            await self._bump(row)
        except LedgerNonceConflict as error:
            await self.write(replace(row, last_error=str(error)))  # the next round reads what took the nonce
        except (LedgerFundsTooLow, PostingRefused) as error:
            code = REFUSED if isinstance(error, PostingRefused) else FUNDS_LOW
            await self._report(replace(row, attempts=row.attempts + 1), code, error)
            raise

    def _clear_alarms(self) -> None:
        for code in (FUNDS_LOW, FEE_CAPPED, REFUSED, NONCE_GAP):
            self._parts.alarms.clear_alarm(code, self.ledger_index)


def prepared_of(row: PostingRecord) -> PreparedPosting:
    """The last prepared transaction of a row. Only for rows that have one."""
    if row.tx_id is None or not row.raw:
        raise PostingRefused("nothing was prepared for this batch")
    return PreparedPosting(row.batch_number, row.tx_id, row.raw, row.nonce, row.fee_wei_per_unit, row.bumps)


def _prepared(row: PostingRecord, prepared: PreparedPosting, now: float) -> PostingRecord:
    earlier = tuple(tx_id for tx_id in tx_ids_of(row) if tx_id != prepared.tx_id)
    return replace(
        row,
        state=SENT,
        tx_id=prepared.tx_id,
        earlier_tx_ids=earlier[:EARLIER_MAX],
        raw=prepared.raw,
        nonce=prepared.nonce,
        fee_wei_per_unit=prepared.fee_wei_per_unit,
        bumps=prepared.bumps,
        sent_at=now,
        height=None,
        block_hash=None,
    )


def _included(row: PostingRecord, tx_id: Hash, status: PostingStatus) -> PostingRecord:
    """``tx_id`` names what landed. Bytes that are not those of ``tx_id`` are dropped: they can never be sent again."""
    others = tuple(other for other in tx_ids_of(row) if other != tx_id)
    return replace(
        row,
        state=INCLUDED,
        tx_id=tx_id,
        earlier_tx_ids=others[:EARLIER_MAX],
        raw=row.raw if row.tx_id == tx_id else b"",
        height=status.height,
        block_hash=status.block_hash,
        fee_wei=status.fee_wei,
        last_error="",
    )


def _requeued(row: PostingRecord, reason: str, *, is_failure: bool) -> PostingRecord:
    return replace(
        row,
        state=QUEUED,
        tx_id=None,
        earlier_tx_ids=tx_ids_of(row)[:EARLIER_MAX],
        raw=b"",
        height=None,
        block_hash=None,
        attempts=row.attempts + is_failure,
        last_error=reason,
    )
