"""Connections that mix good frames with bad ones, in any order, and leave at any time: nothing of them stays behind."""

import asyncio
import random
import struct

from listening import listening
from sockets import PATIENCE_S, connected, make_block, make_log
from test_rpc_websocket import HANDSHAKE

from rpc.feed import ChainFeed

CONNECTIONS = 150
SUBSCRIBE = b'{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'
BATCH = b'[{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}]'


def make_frame(first: int, payload: bytes, dice: random.Random, *, claimed: int | None = None) -> bytes:
    """``claimed``: the length that the header names."""
    length = len(payload) if claimed is None else claimed
    if length < 126:
        header = bytes([first, 0x80 | length])
    elif length < 65_536:
        header = bytes([first, 0xFE]) + struct.pack(">H", length)
    else:
        header = bytes([first, 0xFF]) + struct.pack(">Q", length)
    mask = dice.randbytes(4)
    return header + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def make_noise(dice: random.Random) -> bytes:
    kinds = (
        lambda: dice.randbytes(dice.randrange(1, 200)),
        lambda: make_frame(0x81, SUBSCRIBE, dice),
        lambda: make_frame(0x82, BATCH, dice),
        lambda: make_frame(0x89, dice.randbytes(dice.randrange(126)), dice),
        lambda: make_frame(0x8A, b"", dice),
        lambda: make_frame(0x88, struct.pack(">H", dice.randrange(65_536)), dice),
        lambda: make_frame(0x88, b"\3", dice),
        lambda: make_frame(0x01, BATCH[:20], dice) + make_frame(0x80, BATCH[20:], dice),
        lambda: make_frame(0x81, b"x", dice, claimed=dice.choice([2**63 - 1, 2**40, 70_000, 300])),
        lambda: make_frame(dice.randrange(256), b"abc", dice),
    )
    return b"".join(dice.choice(kinds)() for _ in range(dice.randrange(1, 8)))


async def bother(port: int, dice: random.Random) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE + make_noise(dice))
    if dice.random() < 0.7:
        await reader.readline()
    writer.transport.abort()


async def test_nothing_stays_behind_of_noisy_connections(caplog) -> None:
    dice, feed = random.Random(7), ChainFeed()
    async with listening(feed=feed) as server:
        for number in range(CONNECTIONS):
            await bother(server.port, dice)
            feed.on_block(make_block(number % 200 + 1, make_log(1)), None)
        async with asyncio.timeout(PATIENCE_S), connected(server) as client:
            while feed._hearers.get("newHeads"):
                await client.call("eth_blockNumber")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
