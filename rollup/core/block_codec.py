"""Durable form of a sealed block: one RLP list, readable by any later version of the program that knows its number.

``[version, header, transactions, senders, receipts, cursors, messages]``, fields in the order of the core types.
Version 2, for imported blocks that have them, adds ommers (as Ethereum's RLP) and withdrawals, and to each receipt its
last three fields. Headers of older forks end where their fields do.
A receipt's transaction hash is left out (it is the Keccak-256 of the raw transaction); blooms, nearly empty,
are kept as the positions of their bits. The codec does not judge a block: whoever stored it had executed it.
"""

from rollup.core.block import Block, BlockHeader, Log, Receipt, Withdrawal
from rollup.core.cursor import cursor_fields, message_fields, read_cursor, read_message
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.header_codec import build_header, decode_header, encode_header, header_items
from rollup.core.ids import Address, Hash
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

BLOCK_RECORD_VERSION = 1
FOREIGN_RECORD_VERSION = 2
BLOOM_BYTES = 256
BLOOM_PLACE = 6
"""Of the bloom among the items of a header."""
SPARSE_BLOOM_BITS_MAX = 100
"""Above this many bits a bloom is kept as it is: positions take two bytes each."""


def encode_block(block: Block) -> bytes:
    """The record of a block. ``decode_block`` gives the same block back."""
    is_foreign = _is_foreign(block)
    fields: list[object] = [
        uint_bytes(FOREIGN_RECORD_VERSION if is_foreign else BLOCK_RECORD_VERSION),
        header_fields(block.header),
        block.transactions,
        block.senders,
        [_receipt_fields(receipt, is_foreign) for receipt in block.receipts],
        [cursor_fields(cursor) for cursor in block.cursors],
        [message_fields(message) for message in block.messages],
    ]
    if is_foreign:
        fields += [
            [encode_header(ommer) for ommer in block.ommers],
            [withdrawal_fields(each) for each in block.withdrawals],
        ]
    return encode_rlp(fields)


def _is_foreign(block: Block) -> bool:
    if block.ommers or block.withdrawals:
        return True
    return any(receipt.state_root is not None or receipt.blob_gas_used for receipt in block.receipts)


def decode_block(record: bytes) -> Block:
    """Inverse of encode_block. Raises MalformedBatch; whoever knows where the bytes lay says what that means."""
    items = read_items(decode_rlp(record))
    version = read_uint(items[0], 2) if items else 0
    if version not in (BLOCK_RECORD_VERSION, FOREIGN_RECORD_VERSION):
        raise MalformedBatch(f"unknown block record version {version}")
    is_foreign = version == FOREIGN_RECORD_VERSION
    read_items(items, 9 if is_foreign else 7)
    transactions = tuple(read_bytes(item) for item in read_items(items[2]))
    receipts = read_items(items[4], len(transactions))
    return Block(
        header=read_header(items[1]),
        transactions=transactions,
        senders=tuple(Address(read_bytes(item, 20)) for item in read_items(items[3], len(transactions))),
        receipts=tuple(_read_receipt(raw, item, is_foreign) for raw, item in zip(transactions, receipts, strict=True)),
        cursors=tuple(read_cursor(item) for item in read_items(items[5])),
        messages=tuple(read_message(item) for item in read_items(items[6])),
        ommers=tuple(decode_header(read_bytes(item)) for item in read_items(items[7])) if is_foreign else (),
        withdrawals=tuple(read_withdrawal(item) for item in read_items(items[8])) if is_foreign else (),
    )


def withdrawal_fields(withdrawal: Withdrawal) -> list[bytes]:
    """RLP items of a withdrawal, as in a block (EIP-4895)."""
    return [
        uint_bytes(withdrawal.index),
        uint_bytes(withdrawal.validator_index),
        withdrawal.address,
        uint_bytes(withdrawal.amount),
    ]


def read_withdrawal(fields: object) -> Withdrawal:
    """Inverse of withdrawal_fields. Raises MalformedBatch."""
    items = read_items(fields, 4)
    return Withdrawal(
        read_uint(items[0], 8), read_uint(items[1], 8), Address(read_bytes(items[2], 20)), read_uint(items[3], 8)
    )


def header_fields(header: BlockHeader) -> list[bytes]:
    """Items of the record's header: the hash, then the fields of the Ethereum header, its bloom packed."""
    items = header_items(header)
    items[BLOOM_PLACE] = pack_bloom(header.logs_bloom)
    return [header.hash, *items]


def read_header(fields: object) -> BlockHeader:
    """Inverse of header_fields. Raises MalformedBatch."""
    block_hash, *items = read_items(fields)
    if len(items) <= BLOOM_PLACE:
        raise MalformedBatch("a header that ends too early")
    items[BLOOM_PLACE] = unpack_bloom(items[BLOOM_PLACE])
    return build_header(_read_hash(block_hash), items)


def _receipt_fields(receipt: Receipt, is_foreign: bool) -> list[object]:
    fields: list[object] = [
        uint_bytes(receipt.type),
        uint_bytes(receipt.status),
        uint_bytes(receipt.gas_used),
        uint_bytes(receipt.cumulative_gas_used),
        uint_bytes(receipt.effective_gas_price),
        receipt.contract_address or b"",
        [[log.address, log.topics, log.data] for log in receipt.logs],
        pack_bloom(receipt.logs_bloom),
    ]
    if is_foreign:
        fields += [receipt.state_root or b"", uint_bytes(receipt.blob_gas_used), uint_bytes(receipt.blob_gas_price)]
    return fields


def _read_receipt(raw: bytes, fields: object, is_foreign: bool) -> Receipt:
    items = read_items(fields, 11 if is_foreign else 8)
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
        state_root=_read_hash(items[8]) if is_foreign and items[8] else None,
        blob_gas_used=read_uint(items[9], 8) if is_foreign else 0,
        blob_gas_price=read_uint(items[10], 32) if is_foreign else 0,
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
