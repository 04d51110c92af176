"""Which batches are void: every rule of the content once, from both sides."""

from dataclasses import replace

import pytest

from rollup.consensus.derivation import Context, derive_blocks
from rollup.core.batch import BatchHeader
from rollup.core.batch_body import encode_body
from rollup.core.block import BlockInput
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, BatchNumber, BlockNumber, LedgerIndex

BEFORE = Cursor(LedgerIndex(0), 10, keccak(b"0/10"), message_count=4)
CONTEXT = Context(BlockNumber(7), 100, (BEFORE,), frozenset({0, 1}))


def cursor(index: int, height: int, count: int = 0) -> Cursor:
    return Cursor(LedgerIndex(index), height, keccak(b"%d/%d" % (index, height)), message_count=count)


def message(index: int, height: int, position: int = 0) -> LedgerMessage:
    identity = keccak(b"%d/%d/%d" % (index, height, position))
    return LedgerMessage(LedgerIndex(index), height, position, identity, ZERO_ADDRESS, ZERO_ADDRESS, 1, 1, 21_000, b"")


def block(number: int, timestamp: int, cursors: tuple[Cursor, ...] = (), messages: tuple[LedgerMessage, ...] = ()):
    return BlockInput(BlockNumber(number), timestamp, cursors, messages, ())


GOOD = (
    block(8, 100, (cursor(0, 12, 6), cursor(1, 3)), (message(0, 11), message(0, 12))),
    block(9, 101),
    block(10, 101, (cursor(0, 13, 6),)),
)


def header_of(blocks: tuple[BlockInput, ...], body: bytes) -> BatchHeader:
    latest = {0: BEFORE} | {moved.ledger_index: moved for each in blocks for moved in each.cursors}
    return BatchHeader(
        version=1,
        rollup_id=7,
        number=BatchNumber(3),
        parent_hash=ZERO_HASH,
        first_block=blocks[0].number,
        last_block=blocks[-1].number,
        last_block_hash=ZERO_HASH,
        state_root=ZERO_HASH,
        outbox_root=ZERO_HASH,
        data_hash=keccak(body),
        data_length=len(body),
        cursors=tuple(latest[index] for index in sorted(latest)),
        start_time=blocks[0].timestamp,
        end_time=blocks[-1].timestamp,
        sequencer_epoch=0,
    )


def derive(blocks: tuple[BlockInput, ...], context: Context = CONTEXT, **changes: object) -> tuple[BlockInput, ...]:
    body = encode_body(blocks)
    return derive_blocks(replace(header_of(blocks, body), **changes), body, context)


def test_a_good_batch_gives_its_blocks() -> None:
    assert derive(GOOD) == GOOD


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"first_block": 9}, "begins with block 9, the head is 7"),
        ({"last_block": 11}, "3 blocks where the header has 8..11"),
        ({"start_time": 99}, "start and end time"),
        ({"end_time": 102}, "start and end time"),
        ({"cursors": (BEFORE, cursor(1, 3))}, "not those after its blocks"),
        ({"cursors": ()}, "not those after its blocks"),
    ],
)
def test_a_header_that_says_something_else_than_the_body(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(MalformedBatch, match=reason):
        derive(GOOD, **changes)


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ((block(8, 99),), "timestamps decrease"),
        ((block(8, 100, (cursor(1, 3), cursor(0, 12))),), "cursors out of order"),
        ((block(8, 100, (cursor(0, 12, 4), cursor(0, 13, 4))),), "cursors out of order"),
        ((block(8, 100, (cursor(2, 1),)),), "unknown ledger"),
        ((block(8, 100, (cursor(0, 10, 4),)),), "does not advance"),
        ((block(8, 100, (cursor(0, 12, 4),)), block(9, 100, (cursor(0, 11, 4),))), "does not advance"),
        ((block(8, 100, (cursor(0, 12, 5),)),), "counts other messages"),
        ((block(8, 100, (cursor(0, 12, 6),), (message(0, 12), message(0, 11))),), "messages out of order"),
        ((block(8, 100, (cursor(0, 12, 6),), (message(0, 12), message(0, 12))),), "messages out of order"),
        ((block(8, 100, (cursor(0, 12, 5),), (message(0, 13),)),), "outside of what its cursor passes"),
        ((block(8, 100, (cursor(0, 12, 5),), (message(0, 10),)),), "outside of what its cursor passes"),
        ((block(8, 100, (cursor(0, 12, 4),), (message(1, 1),)),), "outside of what its cursor passes"),
    ],
)
def test_blocks_that_break_a_rule(blocks: tuple[BlockInput, ...], reason: str) -> None:
    with pytest.raises(MalformedBatch, match=reason):
        derive(blocks)


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x02" + b"\xc0", b"garbage" * 100])
def test_a_body_that_is_none(body: bytes) -> None:
    with pytest.raises(MalformedBatch):
        derive_blocks(header_of(GOOD, body), body, CONTEXT)
