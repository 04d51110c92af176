"""RLP of headers, and the size of a block in its RLP form (EIP-4895 bodies with no withdrawals, EIP-7685 headers)."""

from rollup.core.block import Block, BlockHeader
from rollup.core.block_codec import header_fields
from rollup.core.rlp_items import encode_rlp, uint_bytes

_LEGACY_FIRST = 0xC0
_EMPTY_LIST_BYTES = 1


def header_rlp(header: BlockHeader) -> bytes:
    """What a header's hash is over."""
    return encode_rlp(header_fields(header)[1:])


def block_size(block: Block) -> int:
    """Bytes of ``rlp([header, transactions, ommers, withdrawals])``: typed ones are strings, legacy ones lists."""
    transactions = sum(len(raw) if raw[0] >= _LEGACY_FIRST else _string_size(raw) for raw in block.transactions)
    payload = len(header_rlp(block.header)) + _framed(transactions) + 2 * _EMPTY_LIST_BYTES
    return _framed(payload)


def _string_size(raw: bytes) -> int:
    return 1 if len(raw) == 1 and raw[0] < 0x80 else _framed(len(raw))


def _framed(length: int) -> int:
    """``length`` bytes of payload with their RLP prefix."""
    return length + (1 if length < 56 else 1 + len(uint_bytes(length)))
