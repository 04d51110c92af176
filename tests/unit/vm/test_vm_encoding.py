"""Our encoder writes what the rlp library writes, and the reader gives it back."""

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from rollup.core.errors import StoreCorrupted
from rollup.vm.encoding import encode_list, encode_string, encode_uint, read_number, read_string, split_list

STRINGS = st.one_of(st.binary(max_size=70), st.integers(0, 300).map(bytes))


@given(STRINGS)
def test_strings(data: bytes) -> None:
    assert encode_string(data) == rlp.encode(data)
    assert read_string(encode_string(data)) == data


@given(st.integers(0, 2**256))
def test_integers(value: int) -> None:
    assert encode_uint(value) == rlp.encode(value)
    assert read_number(encode_uint(value)) == value


@given(st.lists(STRINGS, max_size=20))
def test_lists(items: list[bytes]) -> None:
    encoded = encode_list([encode_string(item) for item in items])
    assert encoded == rlp.encode(items)
    assert [read_string(item) for item in split_list(encoded)] == items


@given(st.lists(STRINGS, min_size=1, max_size=5), st.data())
def test_a_truncated_record_is_a_corrupted_store(items: list[bytes], data: st.DataObject) -> None:
    encoded = encode_list([encode_string(item) for item in items])
    with pytest.raises(StoreCorrupted):
        split_list(encoded[: data.draw(st.integers(0, len(encoded) - 1))])
