"""Tries and code on top of a database, in memory: what simulated blocks write goes nowhere."""

from rollup.vm.database import Database
from rollup.vm.trie import Trie


class ScratchStore:
    """Fits StateStore. Lives as long as one simulation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nodes: dict[bytes, bytes] = {}
        self._codes: dict[bytes, bytes] = {}
        self.trie = Trie(self)

    def read_node(self, node_hash: bytes) -> bytes:
        """Raises StoreCorrupted when neither store has it."""
        node = self._nodes.get(node_hash)
        return self._database.read_node(node_hash) if node is None else node

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        self._nodes[node_hash] = node

    def read_code(self, code_hash: bytes) -> bytes:
        """Raises StoreCorrupted when neither store has it."""
        code = self._codes.get(code_hash)
        return self._database.read_code(code_hash) if code is None else code

    def write_code(self, code_hash: bytes, code: bytes) -> None:
        self._codes[code_hash] = code
