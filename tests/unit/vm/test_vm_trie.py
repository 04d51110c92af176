"""The trie against the reference implementation, and what it does with a broken database."""

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from rollup.core.errors import StoreCorrupted
from rollup.core.ids import Hash
from rollup.vm.trie import EMPTY_ROOT, Trie, nibbles_of, ordered_root


class NodeTable(dict[bytes, bytes]):
    """Nodes in memory."""

    def read_node(self, node_hash: bytes) -> bytes:
        if node_hash not in self:
            raise StoreCorrupted("missing")
        return self[node_hash]

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        self[node_hash] = node


# few distinct bytes: long shared prefixes, extensions that split and branches that collapse
KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xFF]), min_size=3, max_size=3).map(bytes)
VALUES = st.one_of(st.just(b""), st.binary(min_size=1, max_size=3), st.binary(min_size=33, max_size=40))
STEPS = st.lists(st.dictionaries(KEYS, VALUES, max_size=12), max_size=6)


@given(STEPS)
def test_batches_give_the_same_roots_as_single_writes(steps: list[dict[bytes, bytes]]) -> None:
    nodes = NodeTable()
    root, reference = EMPTY_ROOT, HexaryTrie({})
    for changes in steps:
        for key, value in changes.items():
            if value:
                reference[key] = value
            elif key in reference:
                del reference[key]
        root = Trie(nodes).update(root, {nibbles_of(key): value for key, value in changes.items()})
        assert root == reference.root_hash


@given(STEPS)
def test_every_root_stays_readable(steps: list[dict[bytes, bytes]]) -> None:
    trie = Trie(NodeTable())
    content: dict[bytes, bytes] = {}
    seen = [(EMPTY_ROOT, content)]
    for changes in steps:
        content = {key: value for key, value in (content | changes).items() if value}
        root = trie.update(seen[-1][0], {nibbles_of(key): value for key, value in changes.items()})
        seen.append((root, content))
    for root, held in seen:
        for key in {key for changes in steps for key in changes}:
            assert trie.read(root, nibbles_of(key)) == held.get(key, b"")


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=140))
def test_ordered_roots_map_the_rlp_of_an_index_to_its_value(values: list[bytes]) -> None:
    reference = HexaryTrie({})
    for index, value in enumerate(values):
        reference[rlp.encode(index)] = value
    assert ordered_root(values) == reference.root_hash


def test_a_missing_node_is_a_corrupted_store() -> None:
    with pytest.raises(StoreCorrupted):
        Trie(NodeTable()).read(Hash(b"\x01" * 32), nibbles_of(b"\x00" * 32))


def test_a_truncated_node_is_a_corrupted_store() -> None:
    nodes = NodeTable()
    root = Trie(nodes).update(EMPTY_ROOT, {nibbles_of(b"\x00" * 32): b"v" * 40})
    nodes[root] = nodes[root][:-1]
    with pytest.raises(StoreCorrupted):
        Trie(nodes).read(root, nibbles_of(b"\x00" * 32))
