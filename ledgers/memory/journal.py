"""The memory ledger's file: JSON lines, appended and fsynced per block, so that it outlives kill -9.

A line that was torn by a crash can only be the last one; it is cut off. Anything else that does not read is damage.
"""

import json
import os
from pathlib import Path

from rollup.core.errors import BadDataDirectory, DiskFull, StoreCorrupted

Record = dict[str, object]


class MemoryJournal:
    """Append-only file of records. Not for two writers at once: the node's data directory lock keeps others out."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Record]:
        """All whole records; a torn last line is cut from the file. Raises StoreCorrupted, BadDataDirectory."""
        try:
            data = self._path.read_bytes() if self._path.exists() else b""
            whole = data.rfind(b"\n") + 1
            if whole != len(data):
                os.truncate(self._path, whole)
        except OSError as error:
            raise BadDataDirectory(f"{self._path}: {error.strerror}") from error
        return [self._decode(number, line) for number, line in enumerate(data[:whole].splitlines(), start=1)]

    def append(self, records: list[Record]) -> None:
        """Durable on return. Raises DiskFull. Blocks: call it off the event loop."""
        lines = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
        try:
            with self._path.open("ab") as file:
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DiskFull(f"{self._path}: {error.strerror}") from error

    def _decode(self, number: int, line: bytes) -> Record:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise StoreCorrupted(f"{self._path}, line {number} is not a record") from error
        if not isinstance(record, dict):
            raise StoreCorrupted(f"{self._path}, line {number} is not a record")
        return record
