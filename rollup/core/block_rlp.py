"""Blocks as Ethereum passes them on: ``rlp([header, transactions, ommers, withdrawals?])``.

Encoding keeps every byte: what was read from such a block is written again the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollup.core.block import Block, BlockHeader, Withdrawal
from rollup.core.block_codec import read_withdrawal, withdrawal_fields
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.header_codec import build_header, header_items
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_items, uint_bytes

FIRST_LIST_BYTE = 0xC0


@dataclass(frozen=True, slots=True)
class BlockBody:
    """A block that nobody has executed yet. ``withdrawals`` None: the fork has none."""

    header: BlockHeader
    transactions: tuple[bytes, ...]
    ommers: tuple[BlockHeader, ...]
    withdrawals: tuple[Withdrawal, ...] | None


def decode_block_rlp(encoded: bytes) -> BlockBody:
    """One block. Raises MalformedBatch."""
    items = read_items(decode_rlp(encoded))
    if len(items) not in (3, 4):
        raise MalformedBatch(f"a block of {len(items)} items")
    return BlockBody(
        header=_read_header(items[0]),
        transactions=tuple(_read_transaction(item) for item in read_items(items[1])),
        ommers=tuple(_read_header(item) for item in read_items(items[2])),
        withdrawals=tuple(read_withdrawal(item) for item in read_items(items[3])) if len(items) == 4 else None,
    )


def encode_block_rlp(block: Block) -> bytes:
    """A block as it was sealed."""
    items: list[object] = [
        header_items(block.header),
        [transaction_item(raw) for raw in block.transactions],
        [header_items(ommer) for ommer in block.ommers],
    ]
    if block.header.has_withdrawals:
        items.append([withdrawal_fields(each) for each in block.withdrawals])
    return encode_rlp(items)


def transaction_item(raw: bytes) -> object:
    """A raw transaction as an item of a block's list: legacy ones are lists themselves (EIP-2718)."""
    return decode_rlp(raw) if raw[0] >= FIRST_LIST_BYTE else raw


def split_blocks(data: bytes) -> Iterator[bytes]:
    """The encoded blocks of a plain concatenation, as geth exports a chain. Raises MalformedBatch."""
    at = 0
    while at < len(data):
        end = at + _item_length(data, at)
        if end > len(data):
            raise MalformedBatch(f"the block at byte {at} is cut off")
        yield data[at:end]
        at = end


def _item_length(data: bytes, at: int) -> int:
    first = data[at]
    if first < FIRST_LIST_BYTE:
        raise MalformedBatch(f"no block begins at byte {at}")
    if first <= 0xF7:
        return 1 + first - FIRST_LIST_BYTE
    size = first - 0xF7
    return 1 + size + int.from_bytes(data[at + 1 : at + 1 + size], "big")


def block_size(block: Block) -> int:
    """Bytes of ``encode_block_rlp``, without building it."""
    transactions = sum(len(raw) if raw[0] >= FIRST_LIST_BYTE else _string_size(raw) for raw in block.transactions)
    payload = len(encode_rlp(header_items(block.header))) + _framed(transactions)
    payload += len(encode_rlp([header_items(ommer) for ommer in block.ommers]))
    if block.header.has_withdrawals:
        payload += len(encode_rlp([withdrawal_fields(each) for each in block.withdrawals]))
    return _framed(payload)


def _string_size(raw: bytes) -> int:
    return 1 if len(raw) == 1 and raw[0] < 0x80 else _framed(len(raw))


def _framed(length: int) -> int:
    """``length`` bytes of payload with their RLP prefix."""
    return length + (1 if length < 56 else 1 + len(uint_bytes(length)))


def _read_header(item: object) -> BlockHeader:
    items = read_items(item)
    return build_header(keccak(encode_rlp(items)), items)


def _read_transaction(item: object) -> bytes:
    if isinstance(item, bytes) and item and item[0] < FIRST_LIST_BYTE:
        return item
    return encode_rlp(read_items(item))
