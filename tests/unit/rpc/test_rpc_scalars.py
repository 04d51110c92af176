"""Single parameters: what they mean, and in which words they are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpc.errors import InvalidArgument
from rpc.hexes import data, quantity, word
from rpc.scalars import (
    BlockRef,
    read_address,
    read_block,
    read_block_number,
    read_data,
    read_hash,
    read_quantity,
    read_slot,
)

H = "0x" + "ab" * 32


@given(st.integers(0, 2**256 - 1))
def test_quantities_read_back(value: int) -> None:
    assert read_quantity(quantity(value)) == value
    assert read_slot(word(value)) == value


@given(st.binary(max_size=100))
def test_data_reads_back(value: bytes) -> None:
    assert read_data(data(value)) == value


@given(st.text(max_size=80) | st.integers() | st.none() | st.lists(st.integers(), max_size=2) | st.booleans())
def test_anything_else_is_a_value_or_refused(value: object) -> None:
    for read in (read_data, read_quantity, read_hash, read_address, read_block, read_slot):
        with contextlib.suppress(InvalidArgument):
            read(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0x", 'hex string "0x"'),
        ("", "empty hex string"),
        ("12", "cannot unmarshal hex string without 0x prefix into quantity"),
        ("0x00", "hex number with leading zero digits"),
        ("0x0g", "hex number with leading zero digits"),
        ("0xg", "invalid hex string"),
        ("0x_1", "invalid hex string"),
        ("0x" + "f" * 65, "hex number > 256 bits"),
        ("0x" + "f" * 10**6, "hex number > 256 bits"),
    ],
)
def test_bad_quantities_are_named(value: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{words}$"):
        read_quantity(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0x1", "cannot unmarshal hex string of odd length into address"),
        ("0x" + "1" * 38, "hex string has length 38, want 40 for address"),
        ("0x" + "z" * 40, "cannot unmarshal invalid hex string into address"),
        ("0x" + " 1" * 20, "cannot unmarshal invalid hex string into address"),
        (7, "cannot unmarshal non-string into address"),
    ],
)
def test_bad_addresses_are_named(value: object, words: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{words}$"):
        read_address(value)


@pytest.mark.parametrize(
    ("value", "ref"),
    [
        ("latest", BlockRef(tag="latest")),
        ("safe", BlockRef(tag="safe")),
        ("0x10", BlockRef(number=16)),
        (H, BlockRef(hash=bytes.fromhex(H[2:]))),
        ({"blockNumber": "0x1"}, BlockRef(number=1)),
        ({"blockNumber": "earliest"}, BlockRef(tag="earliest")),
        ({"blockHash": H}, BlockRef(hash=bytes.fromhex(H[2:]))),
        ({"blockHash": H, "requireCanonical": True}, BlockRef(hash=bytes.fromhex(H[2:]))),
        ({"blockHash": H, "blockNumber": None}, BlockRef(hash=bytes.fromhex(H[2:]))),
    ],
)
def test_blocks_are_meant_in_many_ways(value: object, ref: BlockRef) -> None:
    assert read_block(value) == ref


@pytest.mark.parametrize(
    "value",
    [
        "LATEST",
        "0x",
        "0x01",
        "16",
        16,
        {},
        [],
        {"blockHash": H, "blockNumber": "0x1"},
        {"blockHash": "0x1"},
        "0x8" + "0" * 15,
    ],
)
def test_bad_blocks_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgument):
        read_block(value)


def test_a_hash_is_no_block_number() -> None:
    with pytest.raises(InvalidArgument, match="hex number > 64 bits"):
        read_block_number(H)


@pytest.mark.parametrize(
    ("value", "slot"), [("0x0", 0), ("0x1", 1), ("0x" + "0" * 63 + "5", 5), ("0x01", 1), ("a", 10)]
)
def test_slots_take_any_number_of_digits(value: str, slot: int) -> None:
    assert read_slot(value) == slot


def test_a_bad_slot_is_shown() -> None:
    with pytest.raises(InvalidArgument, match=r'^invalid hex in storage key: "0xasdf"$'):
        read_slot("0xasdf")
