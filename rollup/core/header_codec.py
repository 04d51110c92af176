"""Ethereum's RLP of a block header: what its hash is over. Headers of every fork, by the number of their fields."""

from rollup.core.block import BlockHeader
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, Hash
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

FIELD_COUNTS = (15, 16, 17, 20, 21)
"""Frontier, London, Shanghai, Cancun, Prague."""

BLOOM_BYTES = 256
_MISSING: tuple[bytes, ...] = (b"", ZERO_HASH, b"", b"", ZERO_HASH, ZERO_HASH)
"""What the fields from the base fee on read as where a header does not have them."""


def header_items(header: BlockHeader) -> list[bytes]:
    """The fields that the header has, in their order."""
    return [
        header.parent_hash,
        header.ommers_hash,
        header.coinbase,
        header.state_root,
        header.transactions_root,
        header.receipts_root,
        header.logs_bloom,
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
    ][: header.field_count]


def encode_header(header: BlockHeader) -> bytes:
    """RLP of the header; its Keccak-256 is the block hash."""
    return encode_rlp(header_items(header))


def decode_header(encoded: bytes) -> BlockHeader:
    """Inverse of encode_header; the hash is computed. Raises MalformedBatch."""
    return build_header(keccak(encoded), read_items(decode_rlp(encoded)))


def build_header(block_hash: Hash, items: list[object]) -> BlockHeader:
    """A header of its hash and its decoded items. Raises MalformedBatch."""
    if len(items) not in FIELD_COUNTS:
        raise MalformedBatch(f"a header of {len(items)} fields")
    count = len(items)
    items = [*items, *_MISSING[count - FIELD_COUNTS[0] :]]
    return BlockHeader(
        hash=block_hash,
        parent_hash=_read_hash(items[0]),
        ommers_hash=_read_hash(items[1]),
        coinbase=Address(read_bytes(items[2], 20)),
        state_root=_read_hash(items[3]),
        transactions_root=_read_hash(items[4]),
        receipts_root=_read_hash(items[5]),
        logs_bloom=read_bytes(items[6], BLOOM_BYTES),
        difficulty=read_uint(items[7], 32),
        number=BlockNumber(read_uint(items[8], 32)),
        gas_limit=read_uint(items[9], 32),
        gas_used=read_uint(items[10], 32),
        timestamp=read_uint(items[11], 32),
        extra_data=read_bytes(items[12]),
        prev_randao=_read_hash(items[13]),
        nonce=read_bytes(items[14]),
        base_fee=read_uint(items[15], 32),
        withdrawals_root=_read_hash(items[16]),
        blob_gas_used=read_uint(items[17], 32),
        excess_blob_gas=read_uint(items[18], 32),
        parent_beacon_root=_read_hash(items[19]),
        requests_hash=_read_hash(items[20]),
        field_count=count,
    )


def _read_hash(item: object) -> Hash:
    return Hash(read_bytes(item, 32))
