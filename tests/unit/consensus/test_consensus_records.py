"""What consensus keeps on disk and offers to the sequencer."""

import asyncio

import pytest

from rollup.consensus.alarm_book import AlarmBook
from rollup.consensus.checkpoint import (
    DerivedRecord,
    LedgerCheckpoint,
    VoidRecord,
    decode_checkpoint,
    decode_derived,
    decode_void,
    encode_checkpoint,
    encode_derived,
    encode_void,
)
from rollup.consensus.commands import SignedHeader
from rollup.consensus.cursor_feed import CursorFeed
from rollup.consensus.events import BlockSealed, LedgerReached
from rollup.consensus.inbox import Inbox
from rollup.consensus.state import Mark
from rollup.core.cursor import Cursor
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber, BlockNumber, LedgerIndex
from rollup.core.ledger import LedgerBlock

HASH = keccak(b"hash")


def test_records_come_back_as_they_were() -> None:
    block = LedgerBlock(9, HASH, keccak(b"parent"), 1_800_000_000)
    marks = (
        Mark(BatchNumber(4), HASH, 7, None),
        Mark(BatchNumber(5), HASH, 8, SignedHeader(HASH, b"header", b"signature")),
    )
    for checkpoint in (LedgerCheckpoint(block, BatchNumber(3), ()), LedgerCheckpoint(block, BatchNumber(0), marks)):
        assert decode_checkpoint(encode_checkpoint(checkpoint)) == checkpoint
    derived = DerivedRecord(BatchNumber(3), HASH, 17, HASH)
    assert decode_derived(encode_derived(derived)) == derived
    void = VoidRecord(HASH, BlockNumber(8))
    assert decode_void(encode_void(void)) == void


@pytest.mark.parametrize("decode", [decode_checkpoint, decode_derived, decode_void])
def test_damaged_records_are_named(decode) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalformedBatch):
        decode(b"\xc1\x80")


def test_sticky_alarms_outlive_the_process() -> None:
    now = iter((5.0, 6.5, 7.0, 8.0))
    book = AlarmBook(clock=lambda: next(now))
    book.raise_alarm("equivocation", None, "two batches 3", sticky=True)
    book.raise_alarm("anchor_reorged_past_finality", 0, "gone", sticky=True)
    book.raise_alarm("ledger_lost", 1, "no answer")
    again = AlarmBook()
    again.restore_sticky(book.encode_sticky())
    assert again.alarms() == tuple(alarm for alarm in book.alarms() if alarm.sticky)
    assert [alarm.code for alarm in book.alarms(1)] == ["ledger_lost"]


def test_an_alarm_keeps_the_time_at_which_it_was_raised_first() -> None:
    times = [1.0, 2.0]
    book = AlarmBook(clock=lambda: times.pop(0))
    book.raise_alarm("ledger_lost", 1, "no answer")
    book.raise_alarm("ledger_lost", 1, "still none")
    (alarm,) = book.alarms()
    assert (alarm.since, alarm.message) == (1.0, "still none")
    book.clear_alarm("ledger_lost", 1)
    book.clear_alarm("ledger_lost", 1)
    assert book.alarms() == ()


def ledger_block(height: int) -> LedgerBlock:
    return LedgerBlock(height, keccak(b"%d" % height), keccak(b"%d" % (height - 1)), height)


def test_cursors_are_offered_until_they_are_in_a_block() -> None:
    now = [0.0]
    feed = CursorFeed(cursor_interval_s=1.0, clock=lambda: now[0])
    assert feed.peek() == ((), ())
    feed.on_finalized(1, ledger_block(5))
    feed.on_finalized(0, ledger_block(3))
    offer, _ = feed.peek()
    assert [(cursor.ledger_index, cursor.height) for cursor in offer] == [(0, 3), (1, 5)]
    feed.on_finalized(0, ledger_block(4))
    assert feed.peek() == (offer, ())
    feed.consume(offer, ())
    assert feed.peek() == ((), ())  # the interval
    now[0] = 1.0
    assert [(cursor.ledger_index, cursor.height) for cursor in feed.peek()[0]] == [(0, 4)]


def test_cursors_never_go_back() -> None:
    feed = CursorFeed(cursor_interval_s=0.0)
    feed.consume((Cursor(LedgerIndex(0), 10, HASH, 3, HASH),), ())
    feed.on_finalized(0, ledger_block(9))
    assert feed.peek() == ((), ())
    feed.on_finalized(0, ledger_block(11))
    (offered,) = feed.peek()[0]
    assert (offered.height, offered.message_count, offered.message_accumulator) == (11, 3, HASH)


async def test_the_inbox_is_bounded_for_ledgers_and_open_for_ourselves() -> None:
    inbox = Inbox(events_max=1)
    await inbox.put(LedgerReached(0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await inbox.put(LedgerReached(1))
    for number in range(5):
        inbox.put_own(BlockSealed(BlockNumber(number)))
    assert await inbox.take() == BlockSealed(BlockNumber(4))
    assert await inbox.take() == LedgerReached(0)
