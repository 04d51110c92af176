"""WebSocket clients and made-up chain events for tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import aiohttp
import orjson
from listening import make_header

from rollup.core.block import Block, Log, Receipt
from rollup.core.ids import ZERO_ADDRESS, Address, Hash
from rpc.server import RpcServer

PATIENCE_S = 5.0


@dataclass
class Client:
    """One connection; what is not the answer to a call is news."""

    socket: aiohttp.ClientWebSocketResponse
    news: list[Any] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=count)

    async def receive(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return orjson.loads(await self.socket.receive_str())

    async def call(self, method: str, *params: object) -> Any:
        number = next(self.ids)
        await self.socket.send_str(
            orjson.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).decode()
        )
        while True:
            message = await self.receive()
            if message.get("id") == number:
                return message.get("result", message.get("error"))
            self.news.append(message["params"])

    async def next_news(self) -> Any:
        if self.news:
            return self.news.pop(0)
        message = await self.receive()
        assert message["jsonrpc"] == "2.0"
        assert message["method"] == "eth_subscription"
        return message["params"]

    async def wait_closed(self) -> int | None:
        """The close code."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.socket.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                pass
        return self.socket.close_code


@asynccontextmanager
async def connected(server: RpcServer, **more: Any) -> AsyncIterator[Client]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.url, max_msg_size=0, **more) as socket,
    ):
        yield Client(socket)


def make_log(address: int = 1, *topics: int, data: bytes = b"") -> Log:
    return Log(Address(address.to_bytes(20, "big")), tuple(Hash(topic.to_bytes(32, "big")) for topic in topics), data)


def make_block(number: int, *logs: Log) -> Block:
    """One transaction with these logs, or an empty block."""
    header = replace(make_header(number), timestamp=1_000 + number)
    if not logs:
        return Block(header, (), (), ())
    receipt = Receipt(Hash(bytes([number]) * 32), 2, 1, 21_000, 21_000, 1, None, logs, bytes(256))
    return Block(header, (b"\2",), (ZERO_ADDRESS,), (receipt,))
