"""The state LevelDB: one directory, one owner, one synced write per block (ADR 0003).

Keys are one byte of kind and the rest: trie node by hash, code by hash, header and block record and progress by block
number (8 bytes, big endian), and a few singletons. What a block adds is collected in memory and written together with
the block; a kill at any moment leaves the head before the block or after it. Nothing is pruned from the tries, so that
the state after every block stays readable.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plyvel
from lru import LRU

from rollup.core.errors import BadDataDirectory, DiskFull, StoreCorrupted
from rollup.core.ids import BlockNumber, Hash
from rollup.vm.trie import Trie

FORMAT = b"entresol-vm 1"
CODES_CACHED_MAX = 1024
WRITE_BUFFER_BYTES = 16 * 2**20
BLOCK_CACHE_BYTES = 32 * 2**20

_NODE, _CODE, _HEADER, _BLOCK, _PROGRESS = b"n", b"c", b"h", b"b", b"p"
_FORMAT, _GENESIS, _HEAD = b"mformat", b"mgenesis", b"mhead"


@dataclass(frozen=True, slots=True)
class BlockWrite:
    """What one block adds beside the state. ``record`` None: the caller holds the block already (genesis)."""

    number: BlockNumber
    header: bytes
    record: bytes | None
    progress: bytes | None
    stored_through: BlockNumber | None


class Database:
    """Reads go to pending writes, caches, then disk. Not thread-safe: the VM process has one thread."""

    def __init__(self, path: Path) -> None:
        """Opens or creates. Raises BadDataDirectory when it is foreign, locked, of another version or not writable."""
        self._path = path
        self._db = _open_leveldb(path)
        self._pending: dict[bytes, bytes] = {}
        self._codes: LRU[bytes, bytes] = LRU(CODES_CACHED_MAX)
        self.trie = Trie(self)
        self._check_format()
        self._first_record = self._find_first_record()

    def close(self) -> None:
        self._db.close()

    def _check_format(self) -> None:
        found = _guarded(lambda: self._db.get(_FORMAT))
        if found is None and next(iter(self._db.iterator(include_value=False)), None) is None:
            return
        if found is None:
            self.close()
            raise BadDataDirectory(f"{self._path} is a LevelDB of another program: choose another data directory")
        if found != FORMAT:
            self.close()
            raise BadDataDirectory(
                f"{self._path} has format {found.decode(errors='replace')!r}, this version reads "
                f"{FORMAT.decode()!r}: use the version that wrote it, or another data directory"
            )

    # --- tries and code -----------------------------------------------------------------------------------------------

    def read_node(self, node_hash: bytes) -> bytes:
        """Encoded trie node. Raises StoreCorrupted when it is not there."""
        return self._read(_NODE + node_hash, f"trie node {node_hash.hex()}")

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        """Durable with the next write_block."""
        self._pending[_NODE + node_hash] = node

    def read_code(self, code_hash: bytes) -> bytes:
        """Contract code. Raises StoreCorrupted when it is not there."""
        code = self._codes.get(code_hash)
        if code is None:
            code = self._codes[code_hash] = self._read(_CODE + code_hash, f"code {code_hash.hex()}")
        return code

    def write_code(self, code_hash: bytes, code: bytes) -> None:
        """Durable with the next write_block."""
        self._pending[_CODE + code_hash] = code

    def _read(self, key: bytes, what: str) -> bytes:
        value = self._pending.get(key)
        if value is None:
            value = _guarded(lambda: self._db.get(key))
        if value is None:
            raise StoreCorrupted(f"{self._path}: {what} is missing")
        return value

    # --- blocks -------------------------------------------------------------------------------------------------------

    def read_genesis_hash(self) -> Hash | None:
        """None in a directory that was just made."""
        found = self._db.get(_GENESIS)
        return None if found is None else Hash(found)

    def read_head(self) -> BlockNumber:
        return BlockNumber(int.from_bytes(self._read(_HEAD, "the head pointer"), "big"))

    def read_header(self, number: BlockNumber) -> bytes | None:
        return _guarded(lambda: self._db.get(_HEADER + _key_of(number)))

    def read_record(self, number: BlockNumber) -> bytes | None:
        return _guarded(lambda: self._db.get(_BLOCK + _key_of(number)))

    def read_progress(self) -> bytes:
        """The last progress record at or below the head; b'' when there never was one."""
        with self._db.iterator(prefix=_PROGRESS, include_key=False, reverse=True) as rows:
            return next(iter(rows), b"")

    def write_genesis(self, genesis_hash: Hash, header: bytes) -> None:
        """Everything that makes the directory ours, with block 0, in one write."""
        rows = [(_FORMAT, FORMAT), (_GENESIS, bytes(genesis_hash))]
        self._write(BlockWrite(BlockNumber(0), header, None, None, None), rows)

    def write_block(self, block: BlockWrite) -> None:
        """Pending state, header, record, head and progress in one synced write. Raises DiskFull."""
        self._write(block, [])

    def discard_pending(self) -> None:
        """Forget the state changes of a block that is not to be."""
        self._pending = {}

    def rewind(self, head: BlockNumber) -> None:
        """Make ``head`` the head; headers, records and progress above it are deleted in one synced write."""
        above = range(head + 1, self.read_head() + 1)
        with self._writing() as batch:
            for kind in (_HEADER, _BLOCK, _PROGRESS):
                for number in above:
                    batch.delete(kind + _key_of(BlockNumber(number)))
            batch.put(_HEAD, _key_of(head))
        self._pending = {}
        self._first_record = min(self._first_record, head + 1)

    def _write(self, block: BlockWrite, rows: list[tuple[bytes, bytes]]) -> None:
        key = _key_of(block.number)
        keep_from = self._first_record if block.stored_through is None else block.stored_through + 1
        with self._writing() as batch:
            for name, value in rows:
                batch.put(name, value)
            for name, value in self._pending.items():
                batch.put(name, value)
            batch.put(_HEADER + key, block.header)
            batch.put(_HEAD, key)
            if block.record is not None:
                batch.put(_BLOCK + key, block.record)
            if block.progress is not None:
                batch.put(_PROGRESS + key, block.progress)
            for number in range(self._first_record, min(keep_from, block.number)):
                batch.delete(_BLOCK + _key_of(BlockNumber(number)))
        self._pending = {}
        self._first_record = max(self._first_record, min(keep_from, block.number))

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """One atomic synced write. Raises DiskFull: nothing of it is there, and the state in memory is void."""
        try:
            with self._db.write_batch(sync=True, transaction=True) as batch:
                yield batch
        except plyvel.IOError as error:
            raise DiskFull(f"writing {self._path} failed, free space and start again: {_words(error)}") from error
        except plyvel.Error as error:
            raise StoreCorrupted(f"writing {self._path} failed: {_words(error)}") from error

    def _find_first_record(self) -> int:
        with self._db.iterator(prefix=_BLOCK, include_value=False) as keys:
            first = next(iter(keys), None)
        return 0 if first is None else int.from_bytes(first[1:], "big")


def _key_of(number: BlockNumber) -> bytes:
    return number.to_bytes(8, "big")


def _guarded(read: Callable[[], bytes | None]) -> bytes | None:
    try:
        return read()
    except plyvel.Error as error:
        raise StoreCorrupted(f"the state database cannot be read: {_words(error)}") from error


def _open_leveldb(path: Path) -> Any:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not (path / "CURRENT").exists() and not all(_is_birth_file(each.name) for each in path.iterdir()):
            raise BadDataDirectory(f"{path} holds files of another program: choose another data directory")
        return plyvel.DB(
            str(path),
            create_if_missing=True,
            write_buffer_size=WRITE_BUFFER_BYTES,
            lru_cache_size=BLOCK_CACHE_BYTES,
            bloom_filter_bits=10,
        )
    except plyvel.IOError as error:
        if "/LOCK: " in _words(error):
            raise BadDataDirectory(f"{path} is in use by another node: stop it, or choose another directory") from error
        raise BadDataDirectory(f"{path} cannot be opened: {_words(error)}") from error
    except plyvel.Error as error:
        raise StoreCorrupted(f"{path} cannot be opened: {_words(error)}") from error
    except OSError as error:
        raise BadDataDirectory(f"{path} cannot be used: {error.strerror}") from error


def _words(error: Exception) -> str:
    """plyvel passes on LevelDB's message as bytes."""
    message = error.args[0] if error.args else b""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


def _is_birth_file(name: str) -> bool:
    """What a LevelDB consists of when its creation was interrupted."""
    return name in ("LOCK", "LOG", "LOG.old") or name.startswith("MANIFEST-") or name.endswith(".dbtmp")
