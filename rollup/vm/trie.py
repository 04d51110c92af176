"""Merkle-Patricia trie with batched updates: every dirty node is encoded and hashed once per block.

Yellow paper, appendix D. A *reference* is the RLP item that stands for a node inside its parent: the empty string, the
string of its hash, or the node itself where that is shorter than 32 bytes. A decoded branch is the list of its 17
items still encoded, so that writing one back is a join; decoded nodes are shared through a cache and never changed.

Keys are prefix-free here (hashes, or RLP of indices), so a branch never carries a value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Protocol

from lru import LRU

from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.vm.encoding import EMPTY_ITEM, encode_list, encode_string, encode_uint, read_string, split_list

EMPTY_ROOT = Hash(bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"))
NODES_CACHED_MAX = 32_768

_TO_NIBBLES = bytes(int(chr(code), 16) if chr(code) in "0123456789abcdef" else 0 for code in range(256))
_TO_HEX = bytes(b"0123456789abcdef"[code % 16] for code in range(256))


class NodeStore(Protocol):
    """Where nodes live. ``write_node`` is durable only with the block that the node belongs to."""

    def read_node(self, node_hash: bytes) -> bytes: ...

    def write_node(self, node_hash: bytes, node: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class _Short:
    """A leaf (``target`` is the value) or an extension (``target`` is the reference to a branch)."""

    path: bytes
    target: bytes
    is_leaf: bool


_Branch = list[bytes]
_Node = _Short | _Branch
_Change = tuple[bytes, bytes]


def nibbles_of(key: bytes) -> bytes:
    """One byte per nibble."""
    return key.hex().encode().translate(_TO_NIBBLES)


@lru_cache(maxsize=65_536)
def hashed_nibbles(key: bytes) -> bytes:
    """Nibbles of the Keccak-256 of a key: the path in a secure trie."""
    return nibbles_of(keccak(key))


class Trie:
    """All tries of one node store; a trie is named by its root hash, and old roots stay readable."""

    def __init__(self, store: NodeStore) -> None:
        self._store = store
        self._decoded: LRU[bytes, _Node] = LRU(NODES_CACHED_MAX)

    def read(self, root: Hash, path: bytes) -> bytes:
        """Value at a path (b'' where there is none). Raises StoreCorrupted when a node is missing."""
        if root == EMPTY_ROOT:
            return b""
        reference = b"\xa0" + root
        while reference != EMPTY_ITEM:
            node = self._load(reference)
            if isinstance(node, list):
                reference, path = node[path[0]], path[1:]
            elif node.is_leaf:
                return node.target if node.path == path else b""
            elif path.startswith(node.path):
                reference, path = node.target, path[len(node.path) :]
            else:
                return b""
        return b""

    def prove(self, root: Hash, path: bytes) -> tuple[bytes, ...]:
        """The encoded nodes from the root towards a path, as far as they go: whoever holds the root can check the value
        there, or that there is none (EIP-1186). A node that is part of its parent is not repeated."""
        proof: list[bytes] = []
        reference = EMPTY_ITEM if root == EMPTY_ROOT else b"\xa0" + root
        while reference != EMPTY_ITEM:
            node = self._load(reference)
            if len(reference) == 33:
                proof.append(_encode_node(node))
            if isinstance(node, list):
                reference, path = node[path[0]], path[1:]
            elif not node.is_leaf and path.startswith(node.path):
                reference, path = node.target, path[len(node.path) :]
            else:
                break
        return tuple(proof)

    def scan(self, root: Hash, start: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Paths and values from ``start`` on, in the order of the paths."""
        waiting = [] if root == EMPTY_ROOT else [(b"", b"\xa0" + root)]
        while waiting:
            path, reference = waiting.pop()
            if reference == EMPTY_ITEM or path < start[: len(path)]:
                continue
            node = self._load(reference)
            if isinstance(node, list):
                waiting += [(path + bytes([nibble]), node[nibble]) for nibble in range(15, -1, -1)]
            elif not node.is_leaf:
                waiting.append((path + node.path, node.target))
            elif path + node.path >= start:
                yield path + node.path, node.target

    def update(self, root: Hash, changes: Mapping[bytes, bytes]) -> Hash:
        """Root after setting every path to its value; b'' deletes. New nodes go to the store."""
        if not changes:
            return root
        reference = EMPTY_ITEM if root == EMPTY_ROOT else b"\xa0" + root
        node = self._change(reference, sorted(changes.items()), 0)
        if node is None:
            return EMPTY_ROOT
        encoded = _encode_node(node)
        return self._write(encoded, node)

    def _change(self, reference: bytes, changes: Sequence[_Change], depth: int) -> _Node | None:
        if reference == EMPTY_ITEM:
            return self._build([change for change in changes if change[1]], depth)
        node = self._load(reference)
        if isinstance(node, list):
            return self._change_branch(node, changes, depth)
        if node.is_leaf:
            merged = {changes[0][0][:depth] + node.path: node.target, **dict(changes)}
            return self._build(sorted(change for change in merged.items() if change[1]), depth)
        return self._change_extension(node, changes, depth)

    def _change_branch(self, branch: _Branch, changes: Sequence[_Change], depth: int) -> _Node | None:
        changed = branch.copy()
        for nibble, group in groupby(changes, key=lambda change: change[0][depth]):
            changed[nibble] = self._reference(self._change(branch[nibble], list(group), depth + 1))
        taken = [nibble for nibble in range(16) if changed[nibble] != EMPTY_ITEM]
        if len(taken) > 1:
            return changed
        return self._extend(bytes(taken), changed[taken[0]]) if taken else None

    def _change_extension(self, node: _Short, changes: Sequence[_Change], depth: int) -> _Node | None:
        shared = min(_shared_length(node.path, change[0][depth:]) for change in (changes[0], changes[-1]))
        if shared == len(node.path):
            child = self._change(node.target, changes, depth + shared)
        else:
            branch = [EMPTY_ITEM] * 17
            rest = node.path[shared + 1 :]
            branch[node.path[shared]] = self._reference(_Short(rest, node.target, False)) if rest else node.target
            child = self._change_branch(branch, changes, depth + shared)
        return self._prefix(node.path[:shared], child)

    def _build(self, changes: Sequence[_Change], depth: int) -> _Node | None:
        """A subtrie from nothing but sorted, non-empty changes."""
        if not changes:
            return None
        if len(changes) == 1:
            return _Short(changes[0][0][depth:], changes[0][1], True)
        shared = _shared_length(changes[0][0][depth:], changes[-1][0][depth:])
        branch = [EMPTY_ITEM] * 17
        for nibble, group in groupby(changes, key=lambda change: change[0][depth + shared]):
            branch[nibble] = self._reference(self._build(list(group), depth + shared + 1))
        return self._prefix(changes[0][0][depth : depth + shared], branch)

    def _extend(self, path: bytes, reference: bytes) -> _Node:
        """What a branch with one child left collapses to."""
        node = self._prefix(path, self._load(reference))
        return node if node is not None else _Short(path, reference, False)

    def _prefix(self, path: bytes, node: _Node | None) -> _Node | None:
        if node is None or not path:
            return node
        if isinstance(node, list):
            return _Short(path, self._reference(node), False)
        return _Short(path + node.path, node.target, node.is_leaf)

    def _reference(self, node: _Node | None) -> bytes:
        if node is None:
            return EMPTY_ITEM
        encoded = _encode_node(node)
        return encoded if len(encoded) < 32 else b"\xa0" + self._write(encoded, node)

    def _write(self, encoded: bytes, node: _Node) -> Hash:
        node_hash = keccak(encoded)
        self._store.write_node(node_hash, encoded)
        self._decoded[node_hash] = node
        return node_hash

    def _load(self, reference: bytes) -> _Node:
        if len(reference) < 33:
            return _decode_node(reference)
        node_hash = reference[1:]
        node = self._decoded.get(node_hash)
        if node is None:
            node = _decode_node(self._store.read_node(node_hash))
            self._decoded[node_hash] = node
        return node


class _Discard:
    """A store for roots that nobody looks into."""

    def read_node(self, node_hash: bytes) -> bytes:
        raise KeyError(node_hash)

    def write_node(self, node_hash: bytes, node: bytes) -> None:
        """Nothing is kept."""


def ordered_root(values: Sequence[bytes]) -> Hash:
    """Root of the trie that maps RLP(index) to each value: transactions and receipts roots."""
    return Trie(_Discard()).update(EMPTY_ROOT, {nibbles_of(encode_uint(i)): value for i, value in enumerate(values)})


def _shared_length(left: bytes, right: bytes) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _encode_node(node: _Node) -> bytes:
    if isinstance(node, list):
        return encode_list(node)
    odd = len(node.path) % 2
    flag = ("3" if odd else "20") if node.is_leaf else ("1" if odd else "00")
    compact = bytes.fromhex(flag + node.path.translate(_TO_HEX).decode())
    return encode_list((encode_string(compact), encode_string(node.target) if node.is_leaf else node.target))


def _decode_node(encoded: bytes) -> _Node:
    items = split_list(encoded)
    if len(items) == 17:
        return items
    compact = nibbles_of(read_string(items[0]))
    path = compact[1:] if compact[0] % 2 else compact[2:]
    is_leaf = compact[0] >= 2
    return _Short(path, read_string(items[1]) if is_leaf else items[1], is_leaf)
