"""Scanning a trie from anywhere gives what a sorted dictionary gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.ids import Hash
from rollup.vm.trie import EMPTY_ROOT, Trie, nibbles_of


class Nodes:
    """Fits NodeStore, in memory."""

    def __init__(self) -> None:
        self._nodes: dict[bytes, bytes] = {}

    def read_node(self, node_hash: bytes) -> bytes:
        return self._nodes[node_hash]

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        self._nodes[node_hash] = node


KEYS = st.binary(min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, st.binary(min_size=1, max_size=40)), st.binary(max_size=3))
def test_scan_is_sorted_and_begins_where_it_is_told(rows: dict[bytes, bytes], start: bytes) -> None:
    trie = Trie(Nodes())
    root = trie.update(Hash(EMPTY_ROOT), {nibbles_of(key): value for key, value in rows.items()})
    expected = [(nibbles_of(key), rows[key]) for key in sorted(rows) if nibbles_of(key) >= nibbles_of(start)]
    assert list(trie.scan(root, nibbles_of(start))) == expected
