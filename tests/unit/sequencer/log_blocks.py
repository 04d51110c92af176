"""Linked blocks for the batcher's tests. Only what a batch takes from them is real: transactions, cursors, times."""

from collections.abc import Sequence
from functools import cache
from random import Random

from pool_accounts import signed_transfer, signer_of

from rollup.core.block import Block, BlockHeader, Receipt
from rollup.core.cursor import Cursor
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, BlockNumber, Hash

GENESIS_HASH = keccak(b"genesis")
GAS_PER_BLOCK = 21_000
FIRST_TIME = 1_800_000_000


@cache
def random_transfer(nonce: int, data_bytes: int) -> bytes:
    """A signed transaction whose data does not compress."""
    return signed_transfer(0, nonce, gas=10_000_000, data=Random(nonce).randbytes(data_bytes)).raw


def hash_of(number: int) -> Hash:
    return keccak(b"block %d" % number) if number else GENESIS_HASH


def linked_block(number: int, raws: Sequence[bytes] = (), cursors: Sequence[Cursor] = ()) -> Block:
    receipts = tuple(
        Receipt(keccak(raw), 2, 1, GAS_PER_BLOCK, GAS_PER_BLOCK * (1 + index), 1, None, (), bytes(256))
        for index, raw in enumerate(raws)
    )
    return Block(_header(number), tuple(raws), tuple(signer_of(0) for _ in raws), receipts, tuple(cursors))


def _header(number: int) -> BlockHeader:
    return BlockHeader(
        hash=hash_of(number),
        parent_hash=hash_of(number - 1),
        ommers_hash=ZERO_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=keccak(b"state %d" % number),
        transactions_root=ZERO_HASH,
        receipts_root=ZERO_HASH,
        logs_bloom=bytes(256),
        difficulty=0,
        number=BlockNumber(number),
        gas_limit=30_000_000,
        gas_used=GAS_PER_BLOCK,
        timestamp=FIRST_TIME + number,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=bytes(8),
        base_fee=1,
        withdrawals_root=ZERO_HASH,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
        requests_hash=ZERO_HASH,
    )
