"""What counts as JSON here, and that whatever was read can be echoed."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpc.json_codec import BadJson, decode_json, encode_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**300), 2**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_reads_back(value: object) -> None:
    assert decode_json(encode_json(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,",
        b"\xff\xfe",
        b'"\xed\xa0\x80"',  # a surrogate in UTF-8
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"[-1e400]",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"{} trailing",
        b"'single'",
        b'{"a":1,}',
        b"\x00",
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        decode_json(body)


def test_of_duplicate_keys_the_last_counts() -> None:
    assert decode_json(b'{"id":1,"id":2}') == {"id": 2}


def test_lone_surrogates_are_echoed_as_escapes() -> None:
    assert encode_json(decode_json(rb'"\ud800"')) == rb'"\ud800"'


def test_integers_keep_their_value() -> None:
    assert encode_json(decode_json(str(2**80).encode())) == str(2**80).encode()
    assert decode_json(b"9007199254740993") == 9007199254740993


def test_floats_stay_floats() -> None:
    value = decode_json(b"1.5")
    assert isinstance(value, float)
    assert math.isclose(value, 1.5)
    assert json.loads(encode_json(1e300)) == 1e300
