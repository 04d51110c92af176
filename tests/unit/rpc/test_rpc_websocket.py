"""JSON-RPC over WebSocket: calls, batches, garbage, limits, origins, slow readers, the end of the node."""

import asyncio
import socket as plain_sockets
from contextlib import suppress
from dataclasses import replace

import aiohttp
import pytest
from listening import listening, make_ports
from sockets import PATIENCE_S, connected, make_block

from rollup.core.ids import ZERO_HASH, BlockNumber, Hash
from rpc.feed import ChainFeed
from rpc.settings import RpcSettings, WebSocketSettings

SMALL = RpcSettings(body_bytes_max=10_000)
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def with_limits(**limits: object) -> RpcSettings:
    return RpcSettings(websocket=replace(WebSocketSettings(), **limits))


async def test_methods_and_batches_are_answered() -> None:
    async with listening() as server, connected(server) as client:
        assert await client.call("eth_blockNumber") == "0x0"
        assert (await client.call("eth_nothing"))["code"] == -32601
        await client.socket.send_bytes(b'[{"jsonrpc":"2.0","id":"a","method":"eth_blockNumber"},1]')
        batch = await client.receive()
        assert [answer.get("id") for answer in batch] == ["a", None]
        await client.socket.send_str('{"jsonrpc":"2.0","method":"eth_blockNumber"}')  # a notification: no answer
        assert (
            await client.call("web3_sha3", "0x") == "0x" + "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad804"
            "5d85a470"
        )


async def test_garbage_in_frames_is_answered_and_the_connection_lives() -> None:
    async with listening() as server, connected(server) as client:
        for text in ("", "{", "NaN", '"text"', "[" * 5_000, "[]"):
            await client.socket.send_str(text)
            assert (await client.receive())["error"]["code"] in (-32700, -32600)
        await client.socket.send_bytes(b"\xff\xfe")
        assert (await client.receive())["error"]["code"] == -32700
        assert await client.call("eth_blockNumber") == "0x0"


@pytest.mark.parametrize(
    "frame",
    [b"\xff" * 64, b"\x83\x80\0\0\0\0", b"\x80\x81\0\0\0\0a", b"\x81\xff" + b"\xff" * 12, b"GET / HTTP/1.1\r\n\r\n"],
)
async def test_garbage_frames_end_the_connection_only(frame: bytes) -> None:
    async with listening() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HANDSHAKE + frame)
        async with asyncio.timeout(PATIENCE_S):
            assert b"101" in await reader.readline()
            await reader.read()
            await close(writer)
        async with connected(server) as client:
            assert await client.call("eth_blockNumber") == "0x0"


async def test_a_message_too_large_ends_the_connection_with_1009() -> None:
    async with listening(SMALL) as server, connected(server) as client:
        await client.socket.send_str(" " * 20_000)
        assert await client.wait_closed() == 1009


async def test_connections_are_counted() -> None:
    async with listening(with_limits(connections_max=1)) as server:
        async with connected(server) as client:
            assert await client.call("eth_blockNumber") == "0x0"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await connected(server).__aenter__()
            assert refused.value.status == 503
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with connected(server) as client:
                        assert await client.call("eth_blockNumber") == "0x0"
                        return
                except aiohttp.WSServerHandshakeError:
                    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("rules", "origin", "allowed"),
    [
        ((), None, True),
        ((), "http://localhost:3000", True),
        ((), "https://evil.example", False),
        (("*",), "https://evil.example", True),
        (("https://app.example",), "https://app.example", True),
        (("https://app.example",), "http://app.example", False),
        (("app.example",), "http://app.example:8080", True),
        (("app.example:1",), "http://app.example:8080", False),
        (("app.example",), "null", False),
        (("app.example",), "http://[::1", False),
    ],
)
async def test_origins_are_checked_as_geth_does(rules: tuple[str, ...], origin: str | None, allowed: bool) -> None:
    headers = {} if origin is None else {"Origin": origin}
    async with listening(RpcSettings(websocket_origins=rules)) as server:
        if allowed:
            async with connected(server, headers=headers) as client:
                assert await client.call("eth_blockNumber") == "0x0"
            return
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connected(server, headers=headers).__aenter__()
        assert refused.value.status == 403


async def test_a_bad_handshake_is_refused() -> None:
    async with (
        listening() as server,
        aiohttp.ClientSession() as session,
        session.get(server.url, headers={"Upgrade": "websocket"}) as answer,
    ):
        assert answer.status == 400


async def test_an_idle_connection_is_let_go_but_not_one_with_a_subscription() -> None:
    async with (
        listening(with_limits(idle_timeout_s=0.1)) as server,
        connected(server) as idle,
        connected(server) as subscribed,
    ):
        await subscribed.call("eth_subscribe", "newHeads")
        assert await idle.wait_closed() == 1000
        assert await subscribed.call("eth_blockNumber") == "0x0"


async def test_pings_do_not_keep_an_idle_connection() -> None:
    async with listening(with_limits(idle_timeout_s=1.0, ping_interval_s=0.4)) as server, connected(server) as idle:
        assert await idle.wait_closed() == 1000


async def test_a_peer_that_answers_no_pings_is_dropped() -> None:
    async with listening(with_limits(ping_interval_s=0.1)) as server, connected(server, autoping=False) as client:
        await client.call("eth_subscribe", "newHeads")
        assert (await client.socket.receive(timeout=PATIENCE_S)).type is aiohttp.WSMsgType.PING
        closed = await client.socket.receive(timeout=PATIENCE_S)
        assert closed.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSE)


async def test_everybody_is_told_when_the_node_stops() -> None:
    async with listening() as server:
        client = await (opened := connected(server)).__aenter__()
        await client.call("eth_subscribe", "newHeads")
        closed = asyncio.ensure_future(client.wait_closed())
        await asyncio.sleep(0)
    assert await closed == 1001
    await opened.__aexit__(None, None, None)


async def test_a_slow_reader_is_dropped_with_a_reason_and_holds_little() -> None:
    """The kernel's buffers fill first, then the outbox; then the connection ends while others go on."""
    feed, limits = ChainFeed(), with_limits(waiting_bytes_max=100_000)
    async with listening(limits, feed=feed) as server, connected(server) as quick:
        reader, writer = await open_stuck_reader(server.port)
        await quick.call("eth_subscribe", "newHeads")
        heard = 0
        async with asyncio.timeout(20):
            for number in range(1, 20_000):
                feed.on_block(make_block(number), None)
                await quick.next_news()
                heard += 1
                if len(feed._hearers["newHeads"]) == 1:
                    break
        assert heard < 19_000
        async with asyncio.timeout(PATIENCE_S):
            rest = await reader.read()
            await close(writer)
        assert rest.endswith(b"slow reader: more than 100000 bytes of news wait")
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as page:
            counted = await page.text()
        assert "entresol_websockets 1.0" in counted
        assert "entresol_websockets_dropped_total 1.0" in counted
        feed.on_block(make_block(heard + 1), None)
        assert (await quick.next_news())["result"]["number"] == hex(heard + 1)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def open_stuck_reader(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Subscribes to heads and then does not read."""
    raw = plain_sockets.socket()
    raw.setsockopt(plain_sockets.SOL_SOCKET, plain_sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}'
    mask = bytes(4)
    writer.write(HANDSHAKE + bytes([0x81, 0x80 | len(body)]) + mask + body)
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b'"result"')
    return reader, writer


async def test_a_reader_that_is_stuck_is_dropped_after_a_while() -> None:
    feed, limits = ChainFeed(), with_limits(write_timeout_s=0.2, waiting_bytes_max=100_000_000)
    async with listening(limits, feed=feed) as server:
        _, writer = await open_stuck_reader(server.port)
        async with asyncio.timeout(20):
            number = BlockNumber(0)
            while feed._hearers["newHeads"]:
                number = BlockNumber(number + 1)
                if number < 10_000:
                    feed.on_block(make_block(number), None)
                await asyncio.sleep(0)
        await close(writer)


class SlowSink:
    """Fits TransactionSink: takes its time, and tells what it took."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()
        self.asked = asyncio.Event()
        self.taken: asyncio.Queue[bytes] = asyncio.Queue(maxsize=10)

    async def submit(self, raw: bytes) -> Hash:
        self.asked.set()
        await self.may_go.wait()
        self.taken.put_nowait(raw)
        return ZERO_HASH


async def test_a_transaction_outlives_the_connection_that_sent_it() -> None:
    sink = SlowSink()
    async with listening(ports=make_ports(sink=sink)) as server:
        async with connected(server) as client:
            await client.socket.send_str(
                '{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x0102"]}'
            )
            await asyncio.wait_for(sink.asked.wait(), PATIENCE_S)
        sink.may_go.set()
        assert await asyncio.wait_for(sink.taken.get(), PATIENCE_S) == b"\1\2"
