"""Small named records that are replaced as a whole: labels, scan positions, alarms. Their content is the caller's."""

from collections.abc import Mapping

from rollup.store.database import Database
from rollup.store.keys import PROGRESS


class ProgressStore:
    """Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, record: bytes) -> None:
        """Synced when it returns."""
        self.put_many({name: record})

    def put_many(self, records: Mapping[str, bytes]) -> None:
        """All or nothing, synced when it returns."""
        self._database.write({PROGRESS.key(name.encode()): record for name, record in records.items()})

    def get(self, name: str) -> bytes | None:
        return self._database.get(PROGRESS.key(name.encode()))

    def names(self, prefix: str = "") -> list[str]:
        """Names that begin with ``prefix``, in order."""
        rows = self._database.scan(PROGRESS.key(prefix.encode()))
        return [key[len(PROGRESS.prefix) :].decode() for key, _ in rows]
