"""Tries and code in memory alone: for a state that lives as long as one question about it."""

from rollup.core.errors import StoreCorrupted
from rollup.vm.trie import Trie


class MemoryStore:
    """Fits StateStore (``sealing``) and NodeStore (``trie``)."""

    def __init__(self) -> None:
        self._nodes: dict[bytes, bytes] = {}
        self._codes: dict[bytes, bytes] = {}
        self.trie = Trie(self)

    def read_node(self, node_hash: bytes) -> bytes:
        """Raises StoreCorrupted when nobody wrote it."""
        return _found(self._nodes, node_hash)

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        self._nodes[node_hash] = node

    def read_code(self, code_hash: bytes) -> bytes:
        """Raises StoreCorrupted when nobody wrote it."""
        return _found(self._codes, code_hash)

    def write_code(self, code_hash: bytes, code: bytes) -> None:
        self._codes[code_hash] = code


def _found(rows: dict[bytes, bytes], key: bytes) -> bytes:
    try:
        return rows[key]
    except KeyError as error:
        raise StoreCorrupted(f"nothing in memory under {key.hex()}") from error
