"""Durable forms of what consensus must not lose. Everything else is read from the ledgers again."""

from dataclasses import dataclass

from rollup.core.ids import BatchNumber, BlockNumber, Hash
from rollup.core.ledger import LedgerBlock
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes


@dataclass(frozen=True, slots=True)
class LedgerCheckpoint:
    """Up to ``block``, final on its ledger, everything was taken. ``number`` is the last batch of ours that the ledger
    carried there (0: none)."""

    block: LedgerBlock
    number: BatchNumber
    batch_hash: Hash


@dataclass(frozen=True, slots=True)
class DerivedRecord:
    """Written in the same atomic write as the last block of a batch: which batch, and where it was ordered."""

    number: BatchNumber
    batch_hash: Hash
    anchor_height: int
    anchor_hash: Hash


@dataclass(frozen=True, slots=True)
class VoidRecord:
    """A batch that changes no state: the head stays at ``block_after``."""

    batch_hash: Hash
    block_after: BlockNumber


def ledger_key(ledger_index: int) -> str:
    return f"consensus/ledger/{ledger_index}"


def void_key(number: int) -> str:
    return f"consensus/void/{number}"


STICKY_ALARMS_KEY = "consensus/alarms"
FROZEN_KEY = "consensus/frozen"


def encode_checkpoint(checkpoint: LedgerCheckpoint) -> bytes:
    block = checkpoint.block
    fields = [uint_bytes(block.height), block.hash, block.parent_hash, uint_bytes(block.time)]
    return encode_rlp([*fields, uint_bytes(checkpoint.number), checkpoint.batch_hash])


def decode_checkpoint(record: bytes) -> LedgerCheckpoint:
    """Raises MalformedBatch."""
    items = read_items(decode_rlp(record), 6)
    block = LedgerBlock(
        read_uint(items[0], 8), Hash(read_bytes(items[1], 32)), Hash(read_bytes(items[2], 32)), read_uint(items[3], 8)
    )
    return LedgerCheckpoint(block, BatchNumber(read_uint(items[4], 8)), Hash(read_bytes(items[5], 32)))


def encode_derived(record: DerivedRecord) -> bytes:
    return encode_rlp(
        [uint_bytes(record.number), record.batch_hash, uint_bytes(record.anchor_height), record.anchor_hash]
    )


def decode_derived(record: bytes) -> DerivedRecord:
    """Raises MalformedBatch."""
    items = read_items(decode_rlp(record), 4)
    return DerivedRecord(
        BatchNumber(read_uint(items[0], 8)),
        Hash(read_bytes(items[1], 32)),
        read_uint(items[2], 8),
        Hash(read_bytes(items[3], 32)),
    )


def encode_void(record: VoidRecord) -> bytes:
    return encode_rlp([record.batch_hash, uint_bytes(record.block_after)])


def decode_void(record: bytes) -> VoidRecord:
    """Raises MalformedBatch."""
    items = read_items(decode_rlp(record), 2)
    return VoidRecord(Hash(read_bytes(items[0], 32)), BlockNumber(read_uint(items[1], 8)))
