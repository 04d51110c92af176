"""Chains of small blocks with transactions and logs, for tests of what is stored."""

from collections.abc import Sequence

from rollup.core.batch import BATCH_VERSION, Batch, BatchHeader, sign_batch
from rollup.core.block import Block, BlockHeader, Log, Receipt
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, Address, BatchNumber, BlockNumber, Hash

GENESIS = keccak(b"genesis")
KEY = keccak(b"sequencer")


def block_hash(number: int, fork: str = "") -> Hash:
    return keccak(f"block {number} {fork}".encode())


def build_block(number: int, logs: Sequence[Sequence[Log]] = (), fork: str = "", parent_fork: str = "") -> Block:
    """A block with one transaction per list of logs."""
    raws = tuple(f"raw {number} {index} {fork}".encode() for index in range(len(logs)))
    receipts = tuple(
        Receipt(
            transaction_hash=keccak(raw),
            type=2,
            status=1,
            gas_used=21_000,
            cumulative_gas_used=21_000 * (index + 1),
            effective_gas_price=10**9,
            contract_address=None,
            logs=tuple(emitted),
            logs_bloom=bytes(256),
        )
        for index, (raw, emitted) in enumerate(zip(raws, logs, strict=True))
    )
    return Block(_build_header(number, fork, parent_fork), raws, (ZERO_ADDRESS,) * len(raws), receipts)


def _build_header(number: int, fork: str, parent_fork: str) -> BlockHeader:
    return BlockHeader(
        hash=block_hash(number, fork),
        parent_hash=block_hash(number - 1, parent_fork),
        ommers_hash=ZERO_HASH,
        coinbase=ZERO_ADDRESS,
        state_root=ZERO_HASH,
        transactions_root=ZERO_HASH,
        receipts_root=ZERO_HASH,
        logs_bloom=bytes(256),
        difficulty=0,
        number=BlockNumber(number),
        gas_limit=30_000_000,
        gas_used=0,
        timestamp=1_700_000_000 + number,
        extra_data=b"",
        prev_randao=ZERO_HASH,
        nonce=bytes(8),
        base_fee=10**9,
        withdrawals_root=ZERO_HASH,
        blob_gas_used=0,
        excess_blob_gas=0,
        parent_beacon_root=ZERO_HASH,
        requests_hash=ZERO_HASH,
    )


def build_batch(number: int, first_block: int, last_block: int, body: bytes = b"body") -> Batch:
    header = BatchHeader(
        version=BATCH_VERSION,
        rollup_id=7,
        number=BatchNumber(number),
        parent_hash=ZERO_HASH,
        first_block=BlockNumber(first_block),
        last_block=BlockNumber(last_block),
        last_block_hash=block_hash(last_block),
        state_root=ZERO_HASH,
        outbox_root=ZERO_HASH,
        data_hash=keccak(body),
        data_length=len(body),
        cursors=(),
        start_time=1,
        end_time=2,
        sequencer_epoch=0,
    )
    return sign_batch(header, body, KEY)


def address(name: str) -> Address:
    return Address(keccak(name.encode())[:20])
