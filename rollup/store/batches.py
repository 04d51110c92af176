"""Signed batches with their bodies, by number and by block.

A batch that turned out void leaves the rollup's head where it was, so the next one begins with the same block and takes
its place in the index by block.
"""

from rollup.core.batch import Batch, BatchHeader, decode_posting, encode_posting
from rollup.core.errors import MalformedBatch, StoreCorrupted
from rollup.core.ids import BatchNumber, BlockNumber
from rollup.store.database import Database
from rollup.store.keys import BATCH_ENDS, BATCHES, number_key, read_number


class BatchStore:
    """One writer, any readers. Batches follow each other without a gap."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_batch(self, batch: Batch) -> None:
        """Synced when it returns; the same batch again is no fault. Raises DiskFull, and StoreCorrupted for another
        batch in the place of one that is held, or one that leaves a gap."""
        last = self._last_number()
        number = batch.header.number
        if last is not None and number <= last:
            held = self.batch(number)
            if held is None or held.hash != batch.hash:
                raise StoreCorrupted(f"another batch {number} is held: rewind before its place is taken")
            return
        if last is not None and number != last + 1:
            raise StoreCorrupted(f"batch {number} does not follow batch {last}")
        rows = {
            BATCHES.key(number_key(number)): encode_posting(batch, with_body=True),
            _end_key(batch.header): number_key(batch.header.first_block),
        }
        self._database.write(rows, self._ends_replaced(batch.header))

    def batch(self, number: BatchNumber) -> Batch | None:
        """None where it is not held."""
        record = self._database.get(BATCHES.key(number_key(number)))
        return None if record is None else self._decode(number, record)

    def last_batch(self) -> Batch | None:
        """None before the first."""
        number = self._last_number()
        return None if number is None else self.batch(number)

    def batch_of_block(self, block_number: BlockNumber) -> BatchNumber | None:
        """None for a block that is in no batch yet."""
        row = self._database.first(BATCH_ENDS.prefix, BATCH_ENDS.key(number_key(block_number)))
        if row is None or read_number(row[1]) > block_number:
            return None
        return BatchNumber(read_number(row[0]))

    def rewind(self, batch_number: BatchNumber) -> None:
        """Drops every batch above ``batch_number`` in one synced write."""
        first = BATCHES.key(number_key(batch_number + 1))
        dropped = []
        for key, record in self._database.scan(BATCHES.prefix, first):
            header = self._decode(BatchNumber(read_number(key)), record).header
            dropped += [key, _end_key(header)]
        if dropped:
            self._database.write({}, dropped)

    def _last_number(self) -> BatchNumber | None:
        row = self._database.first(BATCHES.prefix, reverse=True)
        return None if row is None else BatchNumber(read_number(row[0]))

    def _ends_replaced(self, header: BatchHeader) -> list[bytes]:
        """Index rows of the void batches right before this one."""
        replaced: list[bytes] = []
        before = self.batch(BatchNumber(header.number - 1))
        while before is not None and before.header.first_block == header.first_block:
            replaced.append(_end_key(before.header))
            before = self.batch(BatchNumber(before.header.number - 1))
        return replaced

    def _decode(self, number: BatchNumber, record: bytes) -> Batch:
        try:
            return decode_posting(record)
        except MalformedBatch as error:
            raise StoreCorrupted(f"{self._database.path}: the record of batch {number} is damaged: {error}") from error


def _end_key(header: BatchHeader) -> bytes:
    return BATCH_ENDS.key(number_key(header.last_block), number_key(header.number))
