"""What is on its way to the ledgers: one row per ledger and batch, so that no restart forgets or repeats a posting."""

from rollup.core.errors import MalformedBatch, StoreCorrupted
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber
from rollup.store.database import Database
from rollup.store.keys import OPEN_POSTINGS, POSTINGS, number_key
from rollup.store.posting_codec import decode_posting_record, encode_posting_record

FINAL = "final"


class Outbox:
    """Thread-safe. A row whose state is not ``final`` is also listed apart: the poster's work is found at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, record: PostingRecord) -> None:
        """Synced when it returns. Raises DiskFull."""
        place = _place(record.ledger_index, record.batch_number)
        puts, deletes = {POSTINGS.key(place): encode_posting_record(record)}, []
        if record.state == FINAL:
            deletes.append(OPEN_POSTINGS.key(place))
        else:
            puts[OPEN_POSTINGS.key(place)] = b""
        self._database.write(puts, deletes)

    def get(self, ledger_index: int, batch_number: BatchNumber) -> PostingRecord | None:
        return self._read(_place(ledger_index, batch_number))

    def rows(self, ledger_index: int) -> list[PostingRecord]:
        """All rows of a ledger by ascending batch number."""
        prefix = POSTINGS.key(ledger_index.to_bytes(2, "big"))
        return [self._decode(key, data) for key, data in self._database.scan(prefix)]

    def open_rows(self, ledger_index: int) -> list[PostingRecord]:
        """Those that are not final, by ascending batch number; cheap however many are final."""
        prefix = OPEN_POSTINGS.key(ledger_index.to_bytes(2, "big"))
        found = (self._read(key[len(OPEN_POSTINGS.prefix) :]) for key, _ in self._database.scan(prefix))
        return [record for record in found if record is not None]

    def of_batch(self, batch_number: BatchNumber) -> tuple[PostingRecord, ...]:
        """The rows of one batch by ledger."""
        found = (self.get(ledger_index, batch_number) for ledger_index in self._ledgers())
        return tuple(record for record in found if record is not None)

    def _ledgers(self) -> list[int]:
        """Ledgers that have rows, found by jumping over each one's."""
        ledgers: list[int] = []
        row = self._database.first(POSTINGS.prefix)
        while row is not None:
            ledgers.append(int.from_bytes(row[0][1:3], "big"))
            row = self._database.first(POSTINGS.prefix, row[0][:3] + b"\xff" * 9)
        return ledgers

    def _read(self, place: bytes) -> PostingRecord | None:
        data = self._database.get(POSTINGS.key(place))
        return None if data is None else self._decode(place, data)

    def _decode(self, place: bytes, data: bytes) -> PostingRecord:
        try:
            return decode_posting_record(data)
        except MalformedBatch as error:
            raise StoreCorrupted(f"{self._database.path}: outbox row {place.hex()} is damaged: {error}") from error


def _place(ledger_index: int, batch_number: int) -> bytes:
    return ledger_index.to_bytes(2, "big") + number_key(batch_number)
