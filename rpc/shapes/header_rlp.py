"""RLP of headers, and the size of a block in its RLP form (EIP-4895 bodies with no withdrawals, EIP-7685 headers)."""

import rlp

from rollup.core.block import Block, BlockHeader
from rollup.core.rlp_items import uint_bytes

_LEGACY_FIRST = 0xC0
_EMPTY_LIST_BYTES = 1


def header_rlp(header: BlockHeader) -> bytes:
    """What a header's hash is over."""
    encoded: bytes = rlp.encode(
        [
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
        ]
    )
    return encoded


def block_size(block: Block) -> int:
    """Bytes of ``rlp([header, transactions, ommers, withdrawals])``: typed transactions are strings, legacy are lists."""
    transactions = sum(len(raw) if raw[0] >= _LEGACY_FIRST else _string_size(raw) for raw in block.transactions)
    payload = len(header_rlp(block.header)) + _framed(transactions) + 2 * _EMPTY_LIST_BYTES
    return _framed(payload)


def _string_size(raw: bytes) -> int:
    return 1 if len(raw) == 1 and raw[0] < 0x80 else _framed(len(raw))


def _framed(length: int) -> int:
    """``length`` bytes of payload with their RLP prefix."""
    return length + (1 if length < 56 else 1 + len(uint_bytes(length)))
