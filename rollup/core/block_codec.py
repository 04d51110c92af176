"""Durable form of a sealed block: one RLP list, readable by any later version of the program that knows its number.

``[version, header, transactions, senders, receipts, cursors, messages]``, fields in the order of the core types.
A receipt's transaction hash is left out (it is the Keccak-256 of the raw transaction); blooms, nearly empty,
are kept as the positions of their bits. The codec does not judge a block: whoever stored it had executed it.
"""

from rollup.core.block import Block, BlockHeader, Log, Receipt
from rollup.core.cursor import cursor_fields, message_fields, read_cursor, read_message
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

BLOCK_RECORD_VERSION = 1
BLOOM_BYTES = 256
SPARSE_BLOOM_BITS_MAX = 100
"""Above this many bits a bloom is kept as it is: positions take two bytes each."""


def encode_block(block: Block) -> bytes:
    """The record of a block. ``decode_block`` gives the same block back."""
    return encode_rlp(
        [
            uint_bytes(BLOCK_RECORD_VERSION),
            header_fields(block.header),
            block.transactions,
            block.senders,
            [_receipt_fields(receipt) for receipt in block.receipts],
            [cursor_fields(cursor) for cursor in block.cursors],
            [message_fields(message) for message in block.messages],
        ]
    )


def decode_block(record: bytes) -> Block:
    """Inverse of encode_block. Raises MalformedBatch; whoever knows where the bytes lay says what that means."""
    items = read_items(decode_rlp(record), 7)
    version = read_uint(items[0], 2)
    if version != BLOCK_RECORD_VERSION:
        raise MalformedBatch(f"unknown block record version {version}")
    transactions = tuple(read_bytes(item) for item in read_items(items[2]))
    receipts = read_items(items[4], len(transactions))
    return Block(
        header=read_header(items[1]),
        transactions=transactions,
        senders=tuple(Address(read_bytes(item, 20)) for item in read_items(items[3], len(transactions))),
        receipts=tuple(_read_receipt(raw, item) for raw, item in zip(transactions, receipts, strict=True)),
        cursors=tuple(read_cursor(item) for item in read_items(items[5])),
        messages=tuple(read_message(item) for item in read_items(items[6])),
    )


def header_fields(header: BlockHeader) -> list[bytes]:
    """Items of the record's header: the hash, then the fields of the Ethereum header in their order."""
    return [
        header.hash,
        header.parent_hash,
        header.ommers_hash,
        header.coinbase,
        header.state_root,
        header.transactions_root,
        header.receipts_root,
        pack_bloom(header.logs_bloom),
        uint_bytes(header.difficulty),
        uint_bytes(header.number),
        uint_bytes(header.gas_limit),
        uint_bytes(header.gas_used),
        uint_bytes(header.timestamp),
        header.extra_data,
        header.prev_randao,
        header.nonce,
        uint_bytes(header.base_fee),
        header.withdrawals_root,
        uint_bytes(header.blob_gas_used),
        uint_bytes(header.excess_blob_gas),
        header.parent_beacon_root,
        header.requests_hash,
    ]


def read_header(fields: object) -> BlockHeader:
    """Inverse of header_fields. Raises MalformedBatch."""
    items = read_items(fields, 22)
    return BlockHeader(
        hash=_read_hash(items[0]),
        parent_hash=_read_hash(items[1]),
        ommers_hash=_read_hash(items[2]),
        coinbase=Address(read_bytes(items[3], 20)),
        state_root=_read_hash(items[4]),
        transactions_root=_read_hash(items[5]),
        receipts_root=_read_hash(items[6]),
        logs_bloom=unpack_bloom(items[7]),
        difficulty=read_uint(items[8], 32),
        number=BlockNumber(read_uint(items[9], 32)),
        gas_limit=read_uint(items[10], 32),
        gas_used=read_uint(items[11], 32),
        timestamp=read_uint(items[12], 32),
        extra_data=read_bytes(items[13]),
        prev_randao=_read_hash(items[14]),
        nonce=read_bytes(items[15]),
        base_fee=read_uint(items[16], 32),
        withdrawals_root=_read_hash(items[17]),
        blob_gas_used=read_uint(items[18], 32),
        excess_blob_gas=read_uint(items[19], 32),
        parent_beacon_root=_read_hash(items[20]),
        requests_hash=_read_hash(items[21]),
    )


def _receipt_fields(receipt: Receipt) -> list[object]:
    return [
        uint_bytes(receipt.type),
        uint_bytes(receipt.status),
        uint_bytes(receipt.gas_used),
        uint_bytes(receipt.cumulative_gas_used),
        uint_bytes(receipt.effective_gas_price),
        receipt.contract_address or b"",
        [[log.address, log.topics, log.data] for log in receipt.logs],
        pack_bloom(receipt.logs_bloom),
    ]


def _read_receipt(raw: bytes, fields: object) -> Receipt:
    items = read_items(fields, 8)
    created = read_bytes(items[5])
    if len(created) not in (0, 20):
        raise MalformedBatch("a contract address is empty or 20 bytes")
    return Receipt(
        transaction_hash=keccak(raw),
        type=read_uint(items[0], 1),
        status=read_uint(items[1], 1),
        gas_used=read_uint(items[2], 32),
        cumulative_gas_used=read_uint(items[3], 32),
        effective_gas_price=read_uint(items[4], 32),
        contract_address=Address(created) if created else None,
        logs=tuple(_read_log(item) for item in read_items(items[6])),
        logs_bloom=unpack_bloom(items[7]),
    )


def _read_log(fields: object) -> Log:
    address, topics, data = read_items(fields, 3)
    return Log(
        Address(read_bytes(address, 20)), tuple(_read_hash(topic) for topic in read_items(topics)), read_bytes(data)
    )


def _read_hash(item: object) -> Hash:
    return Hash(read_bytes(item, 32))


def pack_bloom(bloom: bytes) -> bytes:
    """Positions of the bits that are set, two bytes each, ascending; all 256 bytes when more than 100 are."""
    bits = int.from_bytes(bloom, "big")
    if bits.bit_count() > SPARSE_BLOOM_BITS_MAX:
        return bloom
    positions = []
    while bits:
        lowest = bits & -bits
        positions.append((lowest.bit_length() - 1).to_bytes(2, "big"))
        bits ^= lowest
    return b"".join(positions)


def unpack_bloom(item: object) -> bytes:
    """Inverse of pack_bloom. Raises MalformedBatch."""
    packed = read_bytes(item)
    if len(packed) == BLOOM_BYTES:
        return packed
    if len(packed) > 2 * SPARSE_BLOOM_BITS_MAX or len(packed) % 2:
        raise MalformedBatch("not a bloom")
    bits = 0
    for offset in range(0, len(packed), 2):
        bits |= 1 << (packed[offset] << 8 | packed[offset + 1])
    if bits.bit_length() > 8 * BLOOM_BYTES:
        raise MalformedBatch("a bloom has 2048 bits")
    return bits.to_bytes(BLOOM_BYTES, "big")
