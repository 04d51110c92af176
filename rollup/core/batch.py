"""Batches: the unit of settlement. Header, hash, signature and the 49-byte pointer (protocol section 3).

The body's codec stands in ``batch_body``; nothing here knows how blocks are compressed.
"""

from dataclasses import dataclass

import rlp

from rollup.core.cursor import Cursor, cursor_fields, read_cursor
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak, recover_signer, sign_hash
from rollup.core.ids import Address, BatchNumber, BlockNumber, Hash
from rollup.core.rlp_items import decode_rlp, read_bytes, read_items, read_uint, uint_bytes

BATCH_VERSION = 1
POINTER_MAGIC = b"ENTR"
POINTER_LENGTH = 49
HEADER_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """What the sequencer signs. ``number`` counts from 1; batch 0 is the genesis whose hash is the genesis hash."""

    version: int
    rollup_id: int
    number: BatchNumber
    parent_hash: Hash
    first_block: BlockNumber
    last_block: BlockNumber
    last_block_hash: Hash
    state_root: Hash
    outbox_root: Hash
    data_hash: Hash
    data_length: int
    cursors: tuple[Cursor, ...]
    start_time: int
    end_time: int
    sequencer_epoch: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A signed batch with its compressed body. ``hash`` is Keccak-256 of the encoded header."""

    header: BatchHeader
    header_bytes: bytes
    hash: Hash
    signature: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Pointer:
    """A hash pointer to a batch, for ledgers that carry few bytes."""

    rollup_id: int
    number: BatchNumber
    batch_hash: Hash


def encode_header(header: BatchHeader) -> bytes:
    """RLP list of the fields in the order of the class."""
    fields: list[object] = [
        uint_bytes(header.version),
        uint_bytes(header.rollup_id),
        uint_bytes(header.number),
        header.parent_hash,
        uint_bytes(header.first_block),
        uint_bytes(header.last_block),
        header.last_block_hash,
        header.state_root,
        header.outbox_root,
        header.data_hash,
        uint_bytes(header.data_length),
        [cursor_fields(cursor) for cursor in header.cursors],
        uint_bytes(header.start_time),
        uint_bytes(header.end_time),
        uint_bytes(header.sequencer_epoch),
    ]
    encoded: bytes = rlp.encode(fields)
    return encoded


def decode_header(data: bytes) -> BatchHeader:
    """Inverse of encode_header, strict. Raises MalformedBatch."""
    if len(data) > HEADER_BYTES_MAX:
        raise MalformedBatch(f"a header has at most {HEADER_BYTES_MAX} bytes")
    items = read_items(decode_rlp(data), 15)
    version = read_uint(items[0], 2)
    if version != BATCH_VERSION:
        raise MalformedBatch(f"unknown batch version {version}")
    return BatchHeader(
        version=version,
        rollup_id=read_uint(items[1], 4),
        number=BatchNumber(read_uint(items[2], 8)),
        parent_hash=Hash(read_bytes(items[3], 32)),
        first_block=BlockNumber(read_uint(items[4], 8)),
        last_block=BlockNumber(read_uint(items[5], 8)),
        last_block_hash=Hash(read_bytes(items[6], 32)),
        state_root=Hash(read_bytes(items[7], 32)),
        outbox_root=Hash(read_bytes(items[8], 32)),
        data_hash=Hash(read_bytes(items[9], 32)),
        data_length=read_uint(items[10], 4),
        cursors=tuple(read_cursor(item) for item in read_items(items[11])),
        start_time=read_uint(items[12], 8),
        end_time=read_uint(items[13], 8),
        sequencer_epoch=read_uint(items[14], 4),
    )


def sign_batch(header: BatchHeader, body: bytes, private_key: bytes) -> Batch:
    """Build the signed batch. The caller records number and hash durably *before* this leaves the process."""
    header_bytes = encode_header(header)
    digest = keccak(header_bytes)
    return Batch(header, header_bytes, digest, sign_hash(private_key, digest), body)


def check_batch(batch: Batch, sequencer: Address) -> None:
    """Data hash, data length and signature hold together. Raises MalformedBatch or BadSignature."""
    if len(batch.body) != batch.header.data_length or keccak(batch.body) != batch.header.data_hash:
        raise MalformedBatch("the body is not the one that the header names")
    if recover_signer(batch.hash, batch.signature) != sequencer:
        raise MalformedBatch("not signed by the sequencer")


def encode_posting(batch: Batch, *, with_body: bool) -> bytes:
    """What travels to a data-carrying ledger that has no contract: RLP of header, signature and body (or nothing)."""
    encoded: bytes = rlp.encode([batch.header_bytes, batch.signature, batch.body if with_body else b""])
    return encoded


def decode_posting(data: bytes) -> Batch:
    """Inverse of encode_posting; the body may be empty. Checks form only. Raises MalformedBatch."""
    header_bytes, signature, body = (read_bytes(item) for item in read_items(decode_rlp(data), 3))
    return Batch(decode_header(header_bytes), header_bytes, keccak(header_bytes), signature, body)


def encode_pointer(pointer: Pointer) -> bytes:
    """49 bytes: magic 4, version 1, rollup id 4, batch number 8, batch hash 32. Fits an 80-byte OP_RETURN."""
    return (
        POINTER_MAGIC
        + bytes([BATCH_VERSION])
        + pointer.rollup_id.to_bytes(4, "big")
        + pointer.number.to_bytes(8, "big")
        + pointer.batch_hash
    )


def decode_pointer(data: bytes) -> Pointer:
    """Inverse of encode_pointer. Raises MalformedBatch for anything that is not exactly a pointer."""
    if len(data) != POINTER_LENGTH or data[:4] != POINTER_MAGIC or data[4] != BATCH_VERSION:
        raise MalformedBatch("not a pointer")
    return Pointer(int.from_bytes(data[5:9], "big"), BatchNumber(int.from_bytes(data[9:17], "big")), Hash(data[17:49]))
