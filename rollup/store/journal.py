"""Transactions that were acknowledged and are in no block yet: what survives a kill between answer and block."""

from collections.abc import Sequence
from threading import Lock

from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.store.database import Database
from rollup.store.keys import JOURNAL, number_key, read_number


class Journal:
    """Rows by arrival. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._keys: dict[Hash, bytes] = {}
        self._next = 0
        for key, raw in database.scan(JOURNAL.prefix):
            self._keys[keccak(raw)] = key
            self._next = read_number(key) + 1

    def append(self, raws: Sequence[bytes]) -> None:
        """One synced write for all. Raises DiskFull; then none of them counts. What is there already stays in place."""
        with self._lock:
            fresh: dict[Hash, bytes] = {keccak(raw): raw for raw in raws}
            rows = {
                transaction_hash: JOURNAL.key(number_key(self._next + index))
                for index, transaction_hash in enumerate(each for each in fresh if each not in self._keys)
            }
            if rows:
                self._database.write({key: fresh[transaction_hash] for transaction_hash, key in rows.items()})
            self._keys.update(rows)
            self._next += len(rows)

    def remove(self, hashes: Sequence[Hash]) -> None:
        """Not synced: a transaction that comes back after a crash is in a block already, and admission says so.
        Unknown hashes are no fault."""
        with self._lock:
            gone = [each for each in dict.fromkeys(hashes) if each in self._keys]
            if gone:
                self._database.write({}, [self._keys[each] for each in gone], sync=False)
            for each in gone:
                del self._keys[each]

    def replay(self) -> list[bytes]:
        """All rows in the order of arrival."""
        return [raw for _, raw in self._database.scan(JOURNAL.prefix)]
