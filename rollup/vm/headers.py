"""Block headers: built by the chain's rule, encoded, hashed and read back.

A header of the Prague fork. Fixed here because the rollup has no miners, blobs, withdrawals or beacon chain:
difficulty 0, nonce of zeros, no ommers, empty withdrawals, no blob gas, zero beacon root, no requests (EIP-7685:
SHA-256 of nothing). ``prev_randao`` is ``keccak(b"entresol:randao" + parent_hash)``: deterministic, and worth as
much as that. The gas limit never moves.
"""

from dataclasses import dataclass, replace
from hashlib import sha256

from rollup.core.block import BlockHeader
from rollup.core.errors import MalformedBatch, StoreCorrupted
from rollup.core.fees import next_base_fee
from rollup.core.genesis import ChainRule
from rollup.core.hashes import keccak
from rollup.core.header_codec import decode_header, encode_header
from rollup.core.ids import ZERO_HASH, BlockNumber, Hash
from rollup.vm.encoding import encode_list, encode_string, encode_uint
from rollup.vm.trie import EMPTY_ROOT

EMPTY_OMMERS_HASH = keccak(b"\xc0")
EMPTY_BLOOM = bytes(256)
NO_REQUESTS_HASH = Hash(sha256(b"").digest())


@dataclass(frozen=True, slots=True)
class BlockRoots:
    """What execution adds to a header."""

    state_root: Hash
    transactions_root: Hash
    receipts_root: Hash
    logs_bloom: bytes
    gas_used: int


NO_ROOTS = BlockRoots(EMPTY_ROOT, EMPTY_ROOT, EMPTY_ROOT, EMPTY_BLOOM, 0)


def build_genesis_header(rule: ChainRule, timestamp: int, state_root: Hash) -> BlockHeader:
    """Header of block 0. Its ``prev_randao`` commits to the whole rule, so that chains which differ in nothing but
    their id, say, do not share a genesis hash."""
    header = replace(
        _plain_header(rule, ZERO_HASH, BlockNumber(0), timestamp),
        base_fee=rule.fee.base_fee_genesis_wei,
        prev_randao=keccak(b"entresol:rule" + _encode_rule(rule)),
    )
    return seal_header(header, replace(NO_ROOTS, state_root=state_root))


def _encode_rule(rule: ChainRule) -> bytes:
    """Everything that decides about blocks. A field that is added later goes to the end, and only where it is not at
    the value that keeps the old behaviour: existing chains keep their genesis hash."""
    numbers = (
        rule.chain_id,
        rule.gas_limit,
        rule.transaction_gas_max,
        rule.work_max,
        rule.transaction_bytes_max,
        rule.fee.elasticity,
        rule.fee.change_denominator,
        rule.fee.base_fee_min_wei,
        rule.fee.base_fee_genesis_wei,
    )
    return encode_list(
        (*(encode_uint(number) for number in numbers), encode_string(rule.coinbase), encode_string(rule.extra_data))
    )


def build_header(rule: ChainRule, parent: BlockHeader, timestamp: int) -> BlockHeader:
    """Header of the child block as execution starts: no roots and no hash yet."""
    header = _plain_header(rule, parent.hash, BlockNumber(parent.number + 1), timestamp)
    return replace(header, base_fee=next_base_fee(rule.fee, parent.base_fee, parent.gas_used, parent.gas_limit))


def seal_header(header: BlockHeader, roots: BlockRoots) -> BlockHeader:
    """The header with its roots and its hash."""
    sealed = replace(
        header,
        state_root=roots.state_root,
        transactions_root=roots.transactions_root,
        receipts_root=roots.receipts_root,
        logs_bloom=roots.logs_bloom,
        gas_used=roots.gas_used,
    )
    return replace(sealed, hash=keccak(encode_block_header(sealed)))


def _plain_header(rule: ChainRule, parent_hash: Hash, number: BlockNumber, timestamp: int) -> BlockHeader:
    return BlockHeader(
        hash=ZERO_HASH,
        parent_hash=parent_hash,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=rule.coinbase,
        state_root=EMPTY_ROOT,
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        logs_bloom=EMPTY_BLOOM,
        difficulty=0,
        number=number,
        gas_limit=rule.gas_limit,
        gas_used=0,
        timestamp=timestamp,
        extra_data=rule.extra_data,
        prev_randao=keccak(b"entresol:randao" + parent_hash),
        nonce=bytes(8),
        base_fee=0,
        withdrawals_root=EMPTY_ROOT,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
        requests_hash=NO_REQUESTS_HASH,
    )


def encode_block_header(header: BlockHeader) -> bytes:
    """RLP of a header, with as many fields as its fork has; its Keccak-256 is the block hash."""
    return encode_header(header)


def decode_block_header(encoded: bytes) -> BlockHeader:
    """Inverse of encode_block_header, for headers that we wrote. Raises StoreCorrupted."""
    try:
        return decode_header(encoded)
    except MalformedBatch as error:
        raise StoreCorrupted(f"a stored header: {error.detail}") from error
