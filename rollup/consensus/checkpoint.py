"""Durable forms of what consensus must not lose. Everything else is read from the ledgers again."""

from dataclasses import dataclass

from rollup.consensus.commands import SignedHeader
from rollup.consensus.labels import carried_number, is_foreign
from rollup.consensus.state import LedgerView, Mark, State
from rollup.core.genesis import LedgerRole
from rollup.core.ids import BatchNumber, BlockNumber, Hash
from rollup.core.ledger import LedgerBlock
from rollup.core.rlp_items import decode_rlp, encode_rlp, read_bytes, read_items, read_uint, uint_bytes

MARKS_KEPT_MAX = 256


@dataclass(frozen=True, slots=True)
class LedgerCheckpoint:
    """Up to ``block``, final on its ledger, everything was taken. On the anchor ``number`` is the last batch that it
    carried there (0: none); on a mirror ``marks`` are the postings up to there that may still matter."""

    block: LedgerBlock
    number: BatchNumber
    marks: tuple[Mark, ...]


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


def build_checkpoint(state: State, view: LedgerView, block: LedgerBlock) -> LedgerCheckpoint:
    """What of a ledger's view is final at ``block``."""
    final = sorted(
        (mark for mark in view.marks if mark.height <= block.height),
        key=lambda mark: (is_foreign(state, mark.number, mark.batch_hash), mark.number),
    )
    number = carried_number(state, view, block.height) if view.spec.role is LedgerRole.ANCHOR else BatchNumber(0)
    return LedgerCheckpoint(block, number, tuple(final[:MARKS_KEPT_MAX]))


def encode_checkpoint(checkpoint: LedgerCheckpoint) -> bytes:
    block = checkpoint.block
    fields = [uint_bytes(block.height), block.hash, block.parent_hash, uint_bytes(block.time)]
    return encode_rlp([*fields, uint_bytes(checkpoint.number), [_mark_fields(mark) for mark in checkpoint.marks]])


def decode_checkpoint(record: bytes) -> LedgerCheckpoint:
    """Raises MalformedBatch."""
    items = read_items(decode_rlp(record), 6)
    block = LedgerBlock(
        read_uint(items[0], 8), Hash(read_bytes(items[1], 32)), Hash(read_bytes(items[2], 32)), read_uint(items[3], 8)
    )
    marks = tuple(_read_mark(item) for item in read_items(items[5]))
    return LedgerCheckpoint(block, BatchNumber(read_uint(items[4], 8)), marks)


def _mark_fields(mark: Mark) -> list[bytes]:
    header, signature = (mark.signed.header_bytes, mark.signed.signature) if mark.signed else (b"", b"")
    return [uint_bytes(mark.number), mark.batch_hash, uint_bytes(mark.height), header, signature]


def _read_mark(item: object) -> Mark:
    number, batch_hash, height, header, signature = (read_bytes(field) for field in read_items(item, 5))
    signed = SignedHeader(Hash(batch_hash), header, signature) if header else None
    return Mark(BatchNumber(read_uint(number, 8)), Hash(batch_hash), read_uint(height, 8), signed)


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
