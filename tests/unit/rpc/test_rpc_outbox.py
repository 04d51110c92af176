"""What waits for a connection: order, bounds."""

import asyncio

import pytest

from rpc.news import HeadAdded
from rpc.outbox import ConnectionEnded, Outbox


async def test_an_answer_goes_before_the_news_that_it_announces() -> None:
    outbox, early, late = Outbox(10_000, 90_000), HeadAdded(1, b"1"), HeadAdded(2, b"2")
    outbox.on_news(early)
    outbox.hold()
    outbox.on_news(late)
    outbox.put_answer(b"answer")
    outbox.release()
    assert [await outbox.take() for _ in range(3)] == [early, b"answer", late]


async def test_news_beyond_the_bound_end_the_connection_held_ones_too() -> None:
    outbox = Outbox(10_000, 90_000)
    outbox.put_answer(bytes(50_000))  # answers are counted apart
    outbox.hold()
    outbox.on_news(HeadAdded(1, bytes(50_000)))
    outbox.on_news(HeadAdded(2, b""))
    with pytest.raises(ConnectionEnded, match="slow reader: more than 10000 bytes of news wait") as ended:
        await asyncio.wait_for(outbox.watch(), 1)
    assert ended.value.code == 1008


async def test_no_request_is_read_while_too_large_answers_wait() -> None:
    outbox = Outbox(10_000, 90_000)
    outbox.put_answer(bytes(10_001))
    waiting = asyncio.ensure_future(outbox.wait_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outbox.take()
    await asyncio.wait_for(waiting, 1)


async def test_answers_that_nobody_reads_end_the_connection() -> None:
    outbox = Outbox(10_000, 90_000)
    outbox.put_answer(bytes(80_000))
    outbox.put_answer(bytes(20_000))
    with pytest.raises(ConnectionEnded, match="slow reader: more than 90000 bytes of answers wait"):
        await asyncio.wait_for(outbox.watch(), 1)
