"""What counts as JSON here, and that whatever was read can be echoed."""

import json
import math
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpc.json_codec import BadJson, decode_json, encode_json

SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.integers(-(2**63), 2**64 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_reads_back(value: object) -> None:
    assert decode_json(encode_json(value)) == value


@given(SCALARS | st.integers(-(2**300), 2**300))
def test_ids_keep_their_value_whatever_it_is(value: object) -> None:
    for request in ({"id": value}, [{"id": 1}, {"id": value}]):
        assert decode_json(encode_json(request)) == request


@pytest.fixture
def high_recursion_limit() -> Iterator[None]:
    """As in a process that has loaded py-evm."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(limit)


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
        rb'"\ud800"',
        b"[" * 2000 + b"]" * 2000,
        b'[{"id":1.5},' + b"[" * 2000 + b"]" * 2000 + b"]",
    ],
)
@pytest.mark.usefixtures("high_recursion_limit")
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        decode_json(body)


def test_of_duplicate_keys_the_last_counts() -> None:
    assert decode_json(b'{"id":1,"id":2}') == {"id": 2}


def test_floats_stay_floats() -> None:
    value = decode_json(b"1.5")
    assert isinstance(value, float)
    assert math.isclose(value, 1.5)
    assert json.loads(encode_json(1e300)) == 1e300
