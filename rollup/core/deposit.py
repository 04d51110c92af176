"""Deposit transactions (type 0x7E, OP Stack format): how ledger input enters a block. Never accepted from users.

Encoding: ``0x7E || rlp([source_hash, from, to, mint, value, gas, is_system, data])``
(OP Stack specification, deposits, section "The Deposited Transaction Type").
"""

from dataclasses import dataclass

import rlp
from eth_abi.abi import encode as abi_encode

from rollup.core.block import DEPOSIT_TYPE
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import MalformedTransaction, Rejected
from rollup.core.hashes import keccak
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.rlp_items import decode_rlp, read_bytes, read_items, read_uint, uint_bytes

CURSOR_SENDER = Address(bytes.fromhex("deaddeaddeaddeaddeaddeaddeaddeaddead0001"))
"""The account that writes the oracle; nobody holds its key (the OP Stack's depositor address)."""

LEDGER_ORACLE = Address(bytes.fromhex("4200000000000000000000000000000000000015"))
"""Predeploy that holds the cursors of all ledgers."""

CURSOR_GAS = 1_000_000
SET_CURSORS_SELECTOR = keccak(b"setCursors((uint16,uint64,bytes32,uint64,bytes32)[])")[:4]


@dataclass(frozen=True, slots=True)
class Deposit:
    source_hash: Hash
    sender: Address
    to: Address | None
    mint: int
    value: int
    gas: int
    is_system: bool
    data: bytes


def encode_deposit(deposit: Deposit) -> bytes:
    """Typed envelope of a deposit transaction; its hash is the transaction hash."""
    encoded: bytes = rlp.encode(
        [
            deposit.source_hash,
            deposit.sender,
            deposit.to or b"",
            uint_bytes(deposit.mint),
            uint_bytes(deposit.value),
            uint_bytes(deposit.gas),
            b"\x01" if deposit.is_system else b"",
            deposit.data,
        ]
    )
    return bytes([DEPOSIT_TYPE]) + encoded


def decode_deposit(raw: bytes) -> Deposit:
    """Inverse of encode_deposit. Raises MalformedTransaction."""
    if raw[:1] != bytes([DEPOSIT_TYPE]):
        raise MalformedTransaction("not a deposit")
    try:
        items = read_items(decode_rlp(raw[1:]), 8)
        to = read_bytes(items[2])
        if len(to) not in (0, 20):
            raise MalformedTransaction("a recipient is empty or 20 bytes")
        if items[6] not in (b"", b"\x01"):
            raise MalformedTransaction("is_system is 0 or 1")
        return Deposit(
            source_hash=Hash(read_bytes(items[0], 32)),
            sender=Address(read_bytes(items[1], 20)),
            to=Address(to) if to else None,
            mint=read_uint(items[3], 32),
            value=read_uint(items[4], 32),
            gas=read_uint(items[5], 8),
            is_system=items[6] == b"\x01",
            data=read_bytes(items[7]),
        )
    except MalformedTransaction:
        raise
    except Rejected as error:
        raise MalformedTransaction(str(error)) from error


def build_deposits(
    number: BlockNumber, cursors: tuple[Cursor, ...], messages: tuple[LedgerMessage, ...]
) -> list[bytes]:
    """The deposits of a block, in protocol order: cursor update (if a ledger moved), then the messages."""
    deposits = [_cursor_deposit(number, cursors)] if cursors else []
    deposits += [_message_deposit(message) for message in messages]
    return [encode_deposit(deposit) for deposit in deposits]


def _cursor_deposit(number: BlockNumber, cursors: tuple[Cursor, ...]) -> Deposit:
    rows = [
        (cursor.ledger_index, cursor.height, cursor.block_hash, cursor.message_count, cursor.message_accumulator)
        for cursor in cursors
    ]
    arguments = abi_encode(["(uint16,uint64,bytes32,uint64,bytes32)[]"], [rows])
    source = keccak(b"entresol:cursors" + number.to_bytes(8, "big"))
    return Deposit(
        source, CURSOR_SENDER, LEDGER_ORACLE, 0, 0, CURSOR_GAS, is_system=False, data=SET_CURSORS_SELECTOR + arguments
    )


def _message_deposit(message: LedgerMessage) -> Deposit:
    return Deposit(
        source_hash=keccak(b"entresol:message" + message.identity),
        sender=message.sender,
        to=message.recipient,
        mint=message.mint_wei,
        value=message.value_wei,
        gas=message.gas_limit,
        is_system=False,
        data=message.data,
    )
