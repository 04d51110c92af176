"""Durable form of an outbox row: an RLP list with a version. Optional fields are lists of none or one item."""

import struct

from rollup.core.errors import MalformedBatch
from rollup.core.heads import PostingRecord
from rollup.core.ids import BatchNumber, Hash
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

POSTING_RECORD_VERSION = 1


def encode_posting_record(record: PostingRecord) -> bytes:
    """``decode_posting_record`` gives the same record back."""
    return encode_rlp(
        [
            uint_bytes(POSTING_RECORD_VERSION),
            uint_bytes(record.ledger_index),
            uint_bytes(record.batch_number),
            record.batch_hash,
            record.state.encode(),
            [] if record.tx_id is None else [record.tx_id],
            record.earlier_tx_ids,
            record.raw,
            uint_bytes(record.nonce),
            uint_bytes(record.fee_wei_per_unit),
            uint_bytes(record.bumps),
            [] if record.height is None else [uint_bytes(record.height)],
            [] if record.block_hash is None else [record.block_hash],
            uint_bytes(record.fee_wei),
            uint_bytes(record.attempts),
            record.last_error.encode(),
            struct.pack(">d", record.sent_at),
        ]
    )


def decode_posting_record(data: bytes) -> PostingRecord:
    """Inverse of encode_posting_record. Raises MalformedBatch."""
    items = read_items(decode_rlp(data), 17)
    version = read_uint(items[0], 2)
    if version != POSTING_RECORD_VERSION:
        raise MalformedBatch(f"unknown outbox record version {version}")
    tx_id, height, block_hash = (read_items(items[index]) for index in (5, 11, 12))
    return PostingRecord(
        ledger_index=read_uint(items[1], 2),
        batch_number=BatchNumber(read_uint(items[2], 8)),
        batch_hash=Hash(read_bytes(items[3], 32)),
        state=_read_text(items[4]),
        tx_id=Hash(read_bytes(tx_id[0])) if tx_id else None,
        earlier_tx_ids=tuple(Hash(read_bytes(item)) for item in read_items(items[6])),
        raw=read_bytes(items[7]),
        nonce=read_uint(items[8], 8),
        fee_wei_per_unit=read_uint(items[9], 32),
        bumps=read_uint(items[10], 8),
        height=read_uint(height[0], 8) if height else None,
        block_hash=Hash(read_bytes(block_hash[0])) if block_hash else None,
        fee_wei=read_uint(items[13], 32),
        attempts=read_uint(items[14], 8),
        last_error=_read_text(items[15]),
        sent_at=struct.unpack(">d", read_bytes(items[16], 8))[0],
    )


def _read_text(item: object) -> str:
    try:
        return read_bytes(item).decode()
    except UnicodeDecodeError as error:
        raise MalformedBatch("not UTF-8") from error
