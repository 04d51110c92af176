"""Ledger cursors and ledger messages: how far each connected ledger was read, and what was found there."""

from dataclasses import dataclass

from rollup.core.errors import MalformedBatch
from rollup.core.ids import ZERO_HASH, Address, Hash, LedgerIndex
from rollup.core.rlp_items import read_bytes, read_items, read_uint, uint_bytes


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a ledger has been read. Only finalized ledger blocks count; cursors never go back."""

    ledger_index: LedgerIndex
    height: int
    block_hash: Hash
    message_count: int = 0
    message_accumulator: Hash = ZERO_HASH


@dataclass(frozen=True, slots=True)
class LedgerMessage:
    """Something sent on a ledger to the rollup: a deposit, a call, or both.

    ``identity`` is stable under reorgs of the ledger (protocol section 6); ``mint_wei`` is credited to ``sender``
    before the call runs; ``gas_limit`` bounds it. Ordered by (ledger_index, height, position).
    """

    ledger_index: LedgerIndex
    height: int
    position: int
    identity: Hash
    sender: Address
    recipient: Address | None
    mint_wei: int
    value_wei: int
    gas_limit: int
    data: bytes


def cursor_fields(cursor: Cursor) -> list[bytes]:
    """RLP items of a cursor, in the order of the protocol."""
    return [
        uint_bytes(cursor.ledger_index),
        uint_bytes(cursor.height),
        cursor.block_hash,
        uint_bytes(cursor.message_count),
        cursor.message_accumulator,
    ]


def read_cursor(fields: object) -> Cursor:
    """Inverse of cursor_fields. Raises MalformedBatch."""
    index, height, block_hash, count, accumulator = read_items(fields, 5)
    return Cursor(
        LedgerIndex(read_uint(index, 2)),
        read_uint(height, 8),
        Hash(read_bytes(block_hash, 32)),
        read_uint(count, 8),
        Hash(read_bytes(accumulator, 32)),
    )


def message_fields(message: LedgerMessage) -> list[bytes]:
    """RLP items of a ledger message."""
    return [
        uint_bytes(message.ledger_index),
        uint_bytes(message.height),
        uint_bytes(message.position),
        message.identity,
        message.sender,
        message.recipient or b"",
        uint_bytes(message.mint_wei),
        uint_bytes(message.value_wei),
        uint_bytes(message.gas_limit),
        message.data,
    ]


def read_message(fields: object) -> LedgerMessage:
    """Inverse of message_fields. Raises MalformedBatch."""
    items = read_items(fields, 10)
    recipient = read_bytes(items[5])
    if len(recipient) not in (0, 20):
        raise MalformedBatch("a recipient is empty or 20 bytes")
    return LedgerMessage(
        ledger_index=LedgerIndex(read_uint(items[0], 2)),
        height=read_uint(items[1], 8),
        position=read_uint(items[2], 4),
        identity=Hash(read_bytes(items[3], 32)),
        sender=Address(read_bytes(items[4], 20)),
        recipient=Address(recipient) if recipient else None,
        mint_wei=read_uint(items[6], 32),
        value_wei=read_uint(items[7], 32),
        gas_limit=read_uint(items[8], 8),
        data=read_bytes(items[9]),
    )
