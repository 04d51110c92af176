"""All posters of a node under one roof: where consensus hands in batches, and what an operator may do by hand."""

import asyncio
from dataclasses import replace

from rollup.core.errors import Rejected
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import PostingState
from rollup.settlement.ports import Outbox
from rollup.settlement.poster import Poster
from rollup.settlement.posting import FAILED, FINAL, INCLUDED, QUEUED, SENT


class UnknownPosting(Rejected):
    words = "no such posting"


class PostOffice:
    """Ledgers without a poster (a follower has none) take no batches: handing one in for them does nothing."""

    def __init__(self, posters: tuple[Poster, ...], outbox: Outbox) -> None:
        self._posters = {poster.ledger_index: poster for poster in posters}
        self._outbox = outbox

    async def enqueue(self, ledger_index: int, number: BatchNumber, batch_hash: Hash) -> None:
        """See to it that the ledger carries the batch. Durable when it returns; repeatable."""
        poster = self._posters.get(ledger_index)
        if poster is not None:
            await poster.enqueue(number, batch_hash)

    def depth(self, ledger_index: int) -> int:
        """Batches that wait for this ledger."""
        poster = self._posters.get(ledger_index)
        return poster.depth if poster is not None else 0

    async def list_postings(self, ledger_index: int) -> list[PostingRecord]:
        """All rows of a ledger, by ascending batch number."""
        return await asyncio.to_thread(self._outbox.rows, ledger_index)

    async def retry(self, ledger_index: int, number: BatchNumber) -> PostingRecord:
        """Try a failed or waiting posting now; counts of failures begin anew."""
        row = await self._read(ledger_index, number)
        if row.state in (INCLUDED, FINAL):
            raise UnknownPosting(f"batch {number} is on the ledger")
        state = SENT if row.raw else QUEUED
        return await self._write(replace(row, state=state, attempts=0, last_error=""))

    async def abort(self, ledger_index: int, number: BatchNumber) -> PostingRecord:
        """Stop trying. What was sent may still land."""
        return await self.mark_failed(ledger_index, number, "aborted by the operator")

    async def mark_failed(self, ledger_index: int, number: BatchNumber, reason: str) -> PostingRecord:
        """Take a posting out of the queue; the row stays, with the reason."""
        row = await self._read(ledger_index, number)
        return await self._write(replace(row, state=FAILED, last_error=reason))

    async def adopt(self, ledger_index: int, number: BatchNumber, tx_id: Hash) -> PostingRecord:
        """Take a transaction that was sent by other means as the posting of this batch. It must be on the ledger."""
        row = await self._read(ledger_index, number)
        status = await self._posters[ledger_index].ledger.read_posting(tx_id)
        if status.state is not PostingState.INCLUDED:
            raise UnknownPosting(f"the ledger has no transaction {tx_id.hex()} that was accepted")
        adopted = replace(row, state=INCLUDED, tx_id=tx_id, raw=b"", height=status.height, block_hash=status.block_hash)
        return await self._write(replace(adopted, fee_wei=status.fee_wei, last_error=""))

    async def _read(self, ledger_index: int, number: BatchNumber) -> PostingRecord:
        row = await asyncio.to_thread(self._outbox.get, ledger_index, number)
        if row is None or ledger_index not in self._posters:
            raise UnknownPosting(f"batch {number} on ledger {ledger_index}")
        return row

    async def _write(self, row: PostingRecord) -> PostingRecord:
        poster = self._posters[row.ledger_index]
        await poster.amend(row)
        return row
