"""The body of a batch: the inputs of its blocks, by columns, compressed (protocol section 3).

    body       version 1 || rlp([signatures, brotli(columns)])
    columns    rlp([block count, first timestamp, timestamp deltas, transaction counts, ledger input, transactions])

Signatures do not compress and stand apart. Decoding is strict: of all columns that could mean the same blocks only
those that the encoder writes are read. (Of one column set a compressor may give several forms; which one counts is
fixed by the data hash in the signed header, so another version of the compressor writes bodies that all still read.)
"""

from collections.abc import Sequence
from itertools import accumulate, islice, pairwise

import brotli

from rollup.core.batch_columns import SIGNATURE_BYTES, decode_transactions, encode_transactions
from rollup.core.block import BlockInput
from rollup.core.columns import pack_uints, unpack_uints
from rollup.core.cursor import Cursor, LedgerMessage, cursor_fields, message_fields, read_cursor, read_message
from rollup.core.errors import MalformedBatch
from rollup.core.ids import BlockNumber
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

BODY_VERSION = 1
BODY_BYTES_MAX = 1 << 20
COLUMN_BYTES_MAX = 4 << 20
"""What a body may decompress to. Columns are never much larger than the raw transactions that they hold."""
BODY_BLOCKS_MAX = 1 << 16
COMPRESSION_QUALITY = 11


def encode_body(blocks: Sequence[BlockInput]) -> bytes:
    """The body of consecutive blocks. Raises MalformedBatch when they are not consecutive, go back in time, are too
    much for one body, or hold a transaction that no block may contain."""
    _check_run(blocks)
    raws = [raw for block in blocks for raw in block.transactions]
    transactions, signatures = encode_transactions(raws)
    columns = encode_rlp([*_block_columns(blocks), transactions])
    if len(columns) > COLUMN_BYTES_MAX:
        raise MalformedBatch(f"more than {COLUMN_BYTES_MAX} bytes before compression")
    packed = brotli.compress(columns, quality=COMPRESSION_QUALITY)
    body = bytes([BODY_VERSION]) + encode_rlp([signatures, packed])
    if len(body) > BODY_BYTES_MAX:
        raise MalformedBatch(f"a body has at most {BODY_BYTES_MAX} bytes")
    return body


def decode_body(body: bytes, first_block: BlockNumber) -> tuple[BlockInput, ...]:
    """Inverse of encode_body; block numbers count from ``first_block``. Raises MalformedBatch for anything else, after
    work bounded by BODY_BYTES_MAX and COLUMN_BYTES_MAX."""
    if len(body) > BODY_BYTES_MAX:
        raise MalformedBatch(f"a body has at most {BODY_BYTES_MAX} bytes")
    if body[:1] != bytes([BODY_VERSION]):
        raise MalformedBatch("unknown body version")
    signatures, packed = (read_bytes(item) for item in read_items(decode_rlp(body[1:]), 2))
    if len(signatures) % SIGNATURE_BYTES:
        raise MalformedBatch("signatures have 64 bytes")
    items = read_items(decode_rlp(_decompress(packed)), 6)
    return _read_blocks(items, decode_transactions(items[5], signatures), first_block)


def _check_run(blocks: Sequence[BlockInput]) -> None:
    if not 0 < len(blocks) <= BODY_BLOCKS_MAX:
        raise MalformedBatch(f"a body has 1 to {BODY_BLOCKS_MAX} blocks")
    for parent, block in pairwise(blocks):
        if block.number != parent.number + 1 or block.timestamp < parent.timestamp:
            raise MalformedBatch(f"block {block.number} does not follow block {parent.number}")


def _block_columns(blocks: Sequence[BlockInput]) -> list[object]:
    return [
        uint_bytes(len(blocks)),
        uint_bytes(blocks[0].timestamp),
        pack_uints([block.timestamp - parent.timestamp for parent, block in pairwise(blocks)]),
        pack_uints([len(block.transactions) for block in blocks]),
        [_input_fields(index, block) for index, block in enumerate(blocks) if block.cursors or block.messages],
    ]


def _input_fields(index: int, block: BlockInput) -> list[object]:
    cursors = [cursor_fields(cursor) for cursor in block.cursors]
    return [uint_bytes(index), cursors, [message_fields(message) for message in block.messages]]


def _decompress(packed: bytes) -> bytes:
    """Stops when more than COLUMN_BYTES_MAX bytes come out: a zip bomb costs little more than an honest body."""
    decompressor = brotli.Decompressor()
    try:
        columns: bytes = decompressor.process(packed, output_buffer_limit=COLUMN_BYTES_MAX + 1)
    except brotli.error as error:
        raise MalformedBatch("not one brotli stream") from error
    if len(columns) > COLUMN_BYTES_MAX:
        raise MalformedBatch(f"decompresses to more than {COLUMN_BYTES_MAX} bytes")
    if not decompressor.is_finished():
        raise MalformedBatch("the brotli stream is cut short")
    return columns


def _read_blocks(items: Sequence[object], raws: Sequence[bytes], first_block: BlockNumber) -> tuple[BlockInput, ...]:
    count = read_uint(items[0], 4)
    if not 0 < count <= BODY_BLOCKS_MAX:
        raise MalformedBatch(f"a body has 1 to {BODY_BLOCKS_MAX} blocks")
    deltas = unpack_uints(read_bytes(items[2]), count - 1)
    timestamps = accumulate(deltas, initial=read_uint(items[1], 8))
    counts = unpack_uints(read_bytes(items[3]), count)
    if sum(counts) != len(raws):
        raise MalformedBatch("transaction counts do not add up")
    inputs = dict(_read_input(item) for item in read_items(items[4]))
    left = iter(raws)
    blocks = tuple(
        BlockInput(
            BlockNumber(first_block + index), timestamp, *inputs.get(index, ((), ())), tuple(islice(left, transactions))
        )
        for index, (timestamp, transactions) in enumerate(zip(timestamps, counts, strict=True))
    )
    if _block_columns(blocks) != items[:5]:
        raise MalformedBatch("not the canonical columns of these blocks")
    return blocks


def _read_input(item: object) -> tuple[int, tuple[tuple[Cursor, ...], tuple[LedgerMessage, ...]]]:
    index, cursors, messages = read_items(item, 3)
    return read_uint(index, 4), (
        tuple(read_cursor(cursor) for cursor in read_items(cursors)),
        tuple(read_message(message) for message in read_items(messages)),
    )
