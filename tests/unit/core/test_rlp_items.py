"""Our reader accepts exactly what the rlp library accepts, up to a fixed depth, and our writer writes the same."""

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from rollup.core.errors import MalformedBatch
from rollup.core.rlp_items import DEPTH_MAX, decode_rlp, encode_rlp

STRINGS = st.one_of(st.binary(max_size=70), st.integers(0, 300).map(bytes))
ITEMS = st.recursive(STRINGS, lambda inner: st.lists(inner, max_size=6), max_leaves=20)


@given(ITEMS)
def test_items_go_there_and_back(item: object) -> None:
    assert encode_rlp(item) == rlp.encode(item)
    assert decode_rlp(encode_rlp(item)) == item


@given(st.one_of(st.binary(max_size=80), ITEMS.map(rlp.encode)), st.data())
def test_any_bytes_are_read_as_the_library_reads_them(data: bytes, draw: st.DataObject) -> None:
    if data and draw.draw(st.booleans()):
        place = draw.draw(st.integers(0, len(data) - 1))
        data = data[:place] + draw.draw(st.binary(max_size=2)) + data[place + 1 :]
    try:
        expected = rlp.decode(data)
    except rlp.exceptions.DecodingError:
        with pytest.raises(MalformedBatch):
            decode_rlp(data)
    else:
        assert decode_rlp(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81\x05",  # a small byte with a length
        b"\xb8\x37" + bytes(55),  # a long form for a short string
        b"\xb9\x00\x38" + bytes(56),  # a length with a leading zero
        b"\xf8\x01\x80",  # a long form for a short list
        b"\x83ab",  # truncated
        b"\xc2\x82a",  # an item that runs past its list
        b"\xb8",
        b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\x80",  # two items
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_rlp(data)


def test_depth_is_bounded_whatever_the_interpreter_allows() -> None:
    item: object = []
    for _ in range(DEPTH_MAX - 1):
        item = [item]
    assert decode_rlp(encode_rlp(item)) == item
    with pytest.raises(MalformedBatch, match="nested too deeply"):
        decode_rlp(encode_rlp([item]))
    with pytest.raises(MalformedBatch):
        decode_rlp(b"\xc1" * 100_000 + b"\xc0")


def test_only_byte_strings_are_read() -> None:
    with pytest.raises(MalformedBatch):
        decode_rlp("c0")  # type: ignore[arg-type]
