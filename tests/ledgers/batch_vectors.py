"""Signed batches for the tests of the settlement contracts."""

import random
from dataclasses import replace
from typing import Any

from contracts import encode_post_batch
from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.cursor import Cursor
from rollup.core.hashes import address_of, keccak, sign_hash
from rollup.core.ids import BatchNumber, BlockNumber, Hash, LedgerIndex

SEQUENCER_KEY = keccak(b"sequencer of the contract tests")
SEQUENCER = "0x" + address_of(SEQUENCER_KEY).hex()
OTHER_KEY = keccak(b"somebody else")
ROLLUP_ID = 7_001
GENESIS_HASH = keccak(b"genesis of the contract tests")
CONSTRUCTOR = (SEQUENCER, ROLLUP_ID, GENESIS_HASH)
BLOCKS_PER_BATCH = 4


def build_header(number: int, parent_hash: Hash, body: bytes) -> BatchHeader:
    """A header of a rollup over three ledgers, four blocks per batch."""
    cursors = (
        Cursor(LedgerIndex(0), 20_000_000 + number % 1_000, keccak(b"block on 0")),
        Cursor(LedgerIndex(1), 300_000_000, keccak(b"block on 1"), 17, keccak(b"messages of 1")),
        Cursor(LedgerIndex(2), 900_000, keccak(b"block on 2"), 130, keccak(b"messages of 2")),
    )
    return BatchHeader(
        version=1,
        rollup_id=ROLLUP_ID,
        number=BatchNumber(number),
        parent_hash=parent_hash,
        first_block=BlockNumber((number - 1) * BLOCKS_PER_BATCH + 1),
        last_block=BlockNumber(number * BLOCKS_PER_BATCH),
        last_block_hash=keccak(b"last block %d" % number),
        state_root=keccak(b"state %d" % number),
        outbox_root=keccak(b"outbox %d" % number),
        data_hash=keccak(body),
        data_length=len(body),
        cursors=cursors,
        start_time=1_790_000_000 + number % 1_000,
        end_time=1_790_000_001 + number % 1_000,
        sequencer_epoch=0,
    )


def build_batch(number: int, parent_hash: Hash, body: bytes = b"", key: bytes = SEQUENCER_KEY, **changes: Any) -> Batch:
    """A batch as the sequencer signs it; ``changes`` replaces header fields before the signature."""
    return sign_batch(replace(build_header(number, parent_hash, body), **changes), body, key)


def build_chain(count: int, body: bytes = b"blocks") -> list[Batch]:
    """Batches 1..count, each the parent of the next."""
    batches: list[Batch] = []
    for number in range(1, count + 1):
        batches.append(build_batch(number, batches[-1].hash if batches else GENESIS_HASH, body))
    return batches


def compressed_body(length: int) -> bytes:
    """Bytes without structure, as compressed blocks have them; the same ones at every call."""
    return random.Random(length).randbytes(length)


def calldata(batch: Batch) -> bytes:
    return encode_post_batch(batch.header_bytes, batch.signature, batch.body)


def header_calldata(header_bytes: bytes, body: bytes = b"") -> bytes:
    """Any bytes in the place of the header, signed by the sequencer."""
    return encode_post_batch(header_bytes, sign_hash(SEQUENCER_KEY, keccak(header_bytes)), body)
