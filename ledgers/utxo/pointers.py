"""Pointers in outputs that carry data: ``OP_RETURN`` and one push of 49 bytes. Pure."""

from collections.abc import Sequence

from rollup.core.batch import Pointer, decode_pointer, encode_pointer
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber

SCRIPT_PREFIX = bytes((0x6A, 49))
"""OP_RETURN, push of 49 bytes: the one canonical encoding. Other pushes of the same bytes count for nothing."""

_MARK_BYTES = 9  # magic, version and rollup id: what all pointers of a rollup begin with


def find_pointer(scripts: Sequence[bytes], rollup_id: int) -> Pointer | None:
    """The first pointer of this rollup among a transaction's output scripts."""
    for script in scripts:
        if script[:2] != SCRIPT_PREFIX:
            continue
        try:
            pointer = decode_pointer(script[2:])
        except MalformedBatch:
            continue  # anybody may write anything
        if pointer.rollup_id == rollup_id:
            return pointer
    return None


def marker_of(rollup_id: int) -> str:
    """Hex that every block with a pointer of this rollup contains: most blocks are dismissed by one search."""
    any_pointer = encode_pointer(Pointer(rollup_id, BatchNumber(1), keccak(b"")))
    return (SCRIPT_PREFIX + any_pointer[:_MARK_BYTES]).hex()
