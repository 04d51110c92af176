"""RLP without sedes objects, for the hot paths: what is encoded here is ours, so there is nothing to validate.

The strict reader for bytes from outside is ``rollup.core.rlp_items``; this module reads only what the database holds.
"""

from collections.abc import Iterable

from rollup.core.errors import StoreCorrupted

EMPTY_ITEM = b"\x80"


def encode_string(data: bytes) -> bytes:
    """RLP of a byte string."""
    length = len(data)
    if length == 1 and data[0] < 0x80:
        return data
    if length < 56:
        return bytes((0x80 + length,)) + data
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0xB7 + len(size),)) + size + data


def encode_uint(value: int) -> bytes:
    """RLP of an integer: big endian without leading zeros."""
    if value < 0x80:
        return bytes((value,)) if value else EMPTY_ITEM
    return encode_string(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def encode_list(items: Iterable[bytes]) -> bytes:
    """RLP of a list whose items are already encoded."""
    payload = b"".join(items)
    length = len(payload)
    if length < 56:
        return bytes((0xC0 + length,)) + payload
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0xF7 + len(size),)) + size + payload


def split_list(data: bytes) -> list[bytes]:
    """The encoded items of an encoded list. Raises StoreCorrupted when the lengths do not fit."""
    start, end, is_list = _bounds(data, 0)
    if not is_list or end != len(data):
        raise StoreCorrupted("the database holds a record that is no list")
    items = []
    while start < end:
        _, after, _ = _bounds(data, start)
        items.append(data[start:after])
        start = after
    if start != end:
        raise StoreCorrupted("the database holds a list whose items run past its end")
    return items


def read_string(item: bytes) -> bytes:
    """The bytes of an encoded string."""
    start, end, is_list = _bounds(item, 0)
    if is_list or end != len(item):
        raise StoreCorrupted("the database holds a record that is no string")
    return item[start:end]


def read_number(item: bytes) -> int:
    """The integer of an encoded string."""
    return int.from_bytes(read_string(item), "big")


def _bounds(data: bytes, at: int) -> tuple[int, int, bool]:
    """Where the payload of the item at ``at`` starts and ends, and whether it is a list."""
    try:
        first = data[at]
    except IndexError as error:
        raise StoreCorrupted("the database holds a truncated record") from error
    if first < 0x80:
        return at, at + 1, False
    if first < 0xB8:
        return at + 1, at + 1 + first - 0x80, False
    if first < 0xC0:
        start = at + 1 + first - 0xB7
        return start, start + int.from_bytes(data[at + 1 : start], "big"), False
    if first < 0xF8:
        return at + 1, at + 1 + first - 0xC0, True
    start = at + 1 + first - 0xF7
    return start, start + int.from_bytes(data[at + 1 : start], "big"), True
