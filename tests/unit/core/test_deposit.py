"""Deposits: the OP Stack's envelope, built in protocol order from cursors and messages, never read loosely."""

import pytest
import rlp
from eth_abi.abi import decode as abi_decode
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.deposit import (
    CURSOR_GAS,
    CURSOR_SENDER,
    LEDGER_ORACLE,
    SET_CURSORS_SELECTOR,
    Deposit,
    build_deposits,
    decode_deposit,
    encode_deposit,
)
from rollup.core.errors import MalformedTransaction
from rollup.core.hashes import keccak

hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20)
wide = st.integers(0, 2**256 - 1)
deposits = st.builds(
    Deposit,
    source_hash=hashes,
    sender=addresses,
    to=st.none() | addresses,
    mint=wide,
    value=wide,
    gas=st.integers(0, 2**64 - 1),
    is_system=st.booleans(),
    data=st.binary(max_size=50),
)
MESSAGE = LedgerMessage(1, 7, 0, keccak(b"id"), b"s" * 20, b"r" * 20, 5, 3, 100_000, b"call")


@settings(deadline=None)
@given(deposits)
def test_every_deposit_comes_back(deposit: Deposit) -> None:
    assert decode_deposit(encode_deposit(deposit)) == deposit


def test_the_envelope_is_the_op_stacks() -> None:
    deposit = Deposit(keccak(b"source"), b"f" * 20, b"t" * 20, 1, 2, 3, is_system=False, data=b"data")
    fields = [keccak(b"source"), b"f" * 20, b"t" * 20, b"\x01", b"\x02", b"\x03", b"", b"data"]
    assert encode_deposit(deposit) == b"\x7e" + rlp.encode(fields)


VALID = [keccak(b"source"), b"f" * 20, b"t" * 20, b"\x01", b"\x02", b"\x03", b"", b"data"]


@pytest.mark.parametrize(
    ("position", "item"),
    [(0, b"short"), (1, b""), (2, b"t" * 19), (3, b"\x00"), (4, b"\x01" * 33), (5, b"\x01" * 9), (6, b"\x02"), (7, [])],
)
def test_a_wrong_field_is_refused(position: int, item: object) -> None:
    fields = [*VALID[:position], item, *VALID[position + 1 :]]
    with pytest.raises(MalformedTransaction):
        decode_deposit(b"\x7e" + rlp.encode(fields))


@pytest.mark.parametrize("raw", [b"", b"\x7e", b"\x02" + rlp.encode(VALID), b"\x7e" + rlp.encode(VALID[:7])])
def test_what_is_no_deposit_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedTransaction):
        decode_deposit(raw)


def test_a_block_without_ledger_input_has_no_deposits() -> None:
    assert build_deposits(1, (), ()) == []


def test_the_cursor_update_comes_first_then_the_messages_in_order() -> None:
    other = LedgerMessage(2, 1, 0, keccak(b"other"), b"o" * 20, None, 0, 0, 50_000, b"\x60")
    built = [decode_deposit(raw) for raw in build_deposits(9, (Cursor(1, 7, keccak(b"7")),), (MESSAGE, other))]
    assert [deposit.sender for deposit in built] == [CURSOR_SENDER, MESSAGE.sender, other.sender]
    assert built[0].to == LEDGER_ORACLE
    assert (built[0].gas, built[0].mint, built[0].value) == (CURSOR_GAS, 0, 0)
    assert built[1] == Deposit(
        keccak(b"entresol:message" + MESSAGE.identity), MESSAGE.sender, MESSAGE.recipient, 5, 3, 100_000, False, b"call"
    )
    assert built[2].to is None


def test_the_cursor_update_carries_every_field_of_every_cursor() -> None:
    cursors = (Cursor(0, 2**40, keccak(b"a"), 3, keccak(b"acc")), Cursor(65535, 0, keccak(b"b")))
    data = decode_deposit(build_deposits(9, cursors, ())[0]).data
    assert data[:4] == SET_CURSORS_SELECTOR
    (rows,) = abi_decode(["(uint16,uint64,bytes32,uint64,bytes32)[]"], data[4:])
    assert rows == (
        (0, 2**40, keccak(b"a"), 3, keccak(b"acc")),
        (65535, 0, keccak(b"b"), 0, bytes(32)),
    )


def test_source_hashes_differ_by_block_and_by_message() -> None:
    cursor = (Cursor(1, 7, keccak(b"7")),)
    first, second = (decode_deposit(build_deposits(number, cursor, ())[0]) for number in (1, 2))
    assert first.source_hash != second.source_hash
    assert build_deposits(1, (), (MESSAGE,)) == build_deposits(2, (), (MESSAGE,))
