"""The node's LevelDB: opening it safely, and reads and atomic writes whose failures have our names.

One directory belongs to one process and to one rollup. ``FORMAT`` and the genesis hash are the first rows; a directory
without them, or with others, is refused and left as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import plyvel

from rollup.core.errors import BadDataDirectory, DiskFull, StoreClosed, StoreCorrupted
from rollup.core.ids import Hash
from rollup.store.usage import Usage

FORMAT = b"entresol-store 2"
WRITE_BUFFER_BYTES = 8 << 20
BLOCK_CACHE_BYTES = 16 << 20

_FORMAT, _GENESIS = b"mformat", b"mgenesis"


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of row: all its keys begin with ``prefix``, which no other table's prefix begins with."""

    prefix: bytes

    def key(self, *parts: bytes) -> bytes:
        return self.prefix + b"".join(parts)


class Database:
    """Thread-safe, closing included: it waits for what is under way. Reads verify LevelDB's checksums."""

    def __init__(self, path: Path, genesis_hash: Hash) -> None:
        """Opens or creates. Raises BadDataDirectory or StoreCorrupted, naming what is wrong."""
        self.path = path
        self._usage = Usage()
        self._db = _open_leveldb(path)
        try:
            self._check_owner(genesis_hash)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._usage.end()
        self._db.close()

    def get(self, key: bytes) -> bytes | None:
        """Raises StoreCorrupted when the disk gives something else than was written."""
        try:
            with self._usage:
                value: bytes | None = self._db.get(key, verify_checksums=True)
        except plyvel.Error as error:
            raise StoreCorrupted(f"{self.path} cannot be read: {error}") from error
        return value

    def write(self, puts: Mapping[bytes, bytes], deletes: Sequence[bytes] = (), *, sync: bool = True) -> None:
        """All or nothing. Raises DiskFull; then nothing of it counts."""
        try:
            with self._usage:
                self._write(puts, deletes, sync=sync)
        except plyvel.CorruptionError as error:
            raise StoreCorrupted(f"writing {self.path} failed: {error}") from error
        except plyvel.Error as error:
            raise DiskFull(f"writing {self.path} failed, free space and start again: {error}") from error

    def _write(self, puts: Mapping[bytes, bytes], deletes: Sequence[bytes], *, sync: bool) -> None:
        batch = self._db.write_batch(sync=sync)
        for key in deletes:
            batch.delete(key)
        for key, value in puts.items():
            batch.put(key, value)
        batch.write()

    def scan(
        self, prefix: bytes, start: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows whose key begins with ``prefix``, from ``start`` (a whole key; reverse: down from it) on, in key order.

        Sees the database as it was when the scan began.
        """
        bounds = {"start": prefix, "stop": _after(prefix)}
        if start is not None:
            bounds["stop" if reverse else "start"] = start + b"\0" if reverse else start
        try:
            with self._usage, self._db.iterator(**bounds, reverse=reverse, verify_checksums=True) as rows:
                yield from self._while_open(rows)
        except plyvel.Error as error:
            raise StoreCorrupted(f"{self.path} cannot be read: {error}") from error

    def _while_open(self, rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for row in rows:
            yield row
            if self._usage.is_ending:
                raise StoreClosed("the store is closed: the node is stopping")

    def first(self, prefix: bytes, start: bytes | None = None, *, reverse: bool = False) -> tuple[bytes, bytes] | None:
        """The first row that ``scan`` gives."""
        return next(self.scan(prefix, start, reverse=reverse), None)

    def _check_owner(self, genesis_hash: Hash) -> None:
        found, genesis = self.get(_FORMAT), self.get(_GENESIS)
        if found is None and self.first(b"") is None:
            self.write({_FORMAT: FORMAT, _GENESIS: genesis_hash})
            return
        if found is None or not found.startswith(b"entresol-store"):
            raise BadDataDirectory(f"{self.path} is a LevelDB of another program: choose another data directory")
        if found != FORMAT:
            raise BadDataDirectory(
                f"{self.path} has format {found.decode(errors='replace')!r}, this version reads {FORMAT.decode()!r}: "
                "use the version that wrote it, or another data directory"
            )
        if genesis != genesis_hash:
            raise BadDataDirectory(
                f"{self.path} belongs to the rollup with genesis {(genesis or b'').hex()}, not {genesis_hash.hex()}: "
                "choose another data directory or the right genesis file"
            )


def _after(prefix: bytes) -> bytes | None:
    """The first key that no longer begins with ``prefix``; None where every key does."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else None


def _open_leveldb(path: Path) -> plyvel.DB:
    try:
        path.mkdir(parents=True, exist_ok=True)
        is_new = not (path / "CURRENT").exists()
        if is_new and not all(_is_birth_file(each.name) for each in path.iterdir()):
            raise BadDataDirectory(f"{path} holds files of another program: choose another data directory")
        return plyvel.DB(
            str(path),
            create_if_missing=is_new,
            paranoid_checks=True,
            write_buffer_size=WRITE_BUFFER_BYTES,
            lru_cache_size=BLOCK_CACHE_BYTES,
            bloom_filter_bits=10,
        )
    except plyvel.IOError as error:
        if "lock" in str(error).lower():
            raise BadDataDirectory(f"{path} is in use by another node: stop it, or choose another") from error
        raise BadDataDirectory(f"{path} cannot be opened: {error}") from error
    except plyvel.Error as error:
        raise StoreCorrupted(f"{path} cannot be opened: {error}") from error
    except OSError as error:
        raise BadDataDirectory(f"{path} cannot be used: {error.strerror}") from error


def _is_birth_file(name: str) -> bool:
    """What a LevelDB consists of when its creation was cut off: the next start begins anew."""
    return name in ("LOCK", "LOG", "LOG.old") or name.startswith("MANIFEST-") or name.endswith(".dbtmp")
