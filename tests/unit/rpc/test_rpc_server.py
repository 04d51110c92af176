"""The listener: where it listens, who has the port, extra methods, and an end that nobody can hold up."""

import asyncio
import json
import socket
from contextlib import AsyncExitStack

import pytest
from aiohttp import ClientSession
from listening import CHAIN_ID, listening, make_ports

from rollup.core.errors import BadConfig, PortTaken, UnknownBlock
from rpc.server import AppParts, open_server
from rpc.settings import RpcSettings

JSON = {"Content-Type": "application/json"}
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n"
    b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId" }'
)


async def call(url: str, method: str, *params: object) -> dict[str, object]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with ClientSession() as session, session.post(url, json=body) as response:
        found: dict[str, object] = await response.json()
        return found


async def test_a_taken_port_is_named() -> None:
    async with listening() as server:
        with pytest.raises(PortTaken, match=f"port {server.port} on 127.0.0.1 is taken: stop the program"):
            async with open_server("127.0.0.1", server.port, AppParts(make_ports())):
                pass


async def test_a_foreign_address_is_a_matter_of_configuration() -> None:
    with pytest.raises(BadConfig, match=r"cannot listen on 203\.0\.113\.7:0"):
        async with open_server("203.0.113.7", 0, AppParts(make_ports())):
            pass


async def test_the_port_is_free_again_afterwards() -> None:
    async with listening() as server:
        port = server.port
    async with open_server("127.0.0.1", port, AppParts(make_ports())) as again:
        assert again.url == f"http://127.0.0.1:{port}"


async def test_extra_methods_get_plain_values() -> None:
    async def mine(blocks: object, note: object = "none") -> object:
        if blocks == 0:
            raise UnknownBlock("nothing to mine")
        return [blocks, note]

    async with listening(extra_methods={"memory_mine": mine}) as server:
        assert (await call(server.url, "memory_mine", 3))["result"] == [3, "none"]
        assert (await call(server.url, "memory_mine", 3, {"a": 1}))["result"] == [3, {"a": 1}]
        assert (await call(server.url, "memory_mine", 0))["error"] == {
            "code": -32000,
            "message": "header not found: nothing to mine",
        }
        assert (await call(server.url, "memory_mine"))["error"]["code"] == -32602
        assert (await call(server.url, "rpc_modules"))["result"]["memory"] == "1.0"


async def test_open_connections_do_not_hold_up_the_end() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(listening())
        idle = await asyncio.open_connection("127.0.0.1", server.port)
        idle[1].write(REQUEST)
        assert await idle[0].readuntil(b"}")
        halfway = await asyncio.open_connection("127.0.0.1", server.port)
        halfway[1].write(REQUEST[:-10])
        silent = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(5):  # aiohttp's own would be 60
            await stack.aclose()
    for reader, writer in (idle, halfway, silent):
        await asyncio.wait_for(reader.read(), 5)
        writer.close()


async def test_requests_in_a_row_on_one_connection() -> None:
    async with listening() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST * 3)
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n")
            assert json.loads(await reader.readuntil(b"}"))["result"] == hex(CHAIN_ID)
        writer.close()


async def test_clients_that_ask_before_they_send_are_told_to_go_on() -> None:
    async with listening() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST[:-48].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(REQUEST[-48:])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert json.loads(await reader.readuntil(b"}"))["result"] == hex(CHAIN_ID)
        writer.close()


async def test_a_body_that_does_not_come_ends_the_connection() -> None:
    async with listening(RpcSettings(request_timeout_s=0.05)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST[:-10])
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_connections_beyond_the_bound_are_cut_and_the_others_stay() -> None:
    async with listening(RpcSettings(connections_max=2)) as server:
        (first, first_out), (second, second_out) = [await _connect(server.port) for _ in range(2)]
        await _ask_over(second, second_out)
        assert not await _is_served(server.port)
        await _ask_over(first, first_out)
        first_out.close()
        await first_out.wait_closed()
        async with asyncio.timeout(5):
            while not await _is_served(server.port):  # the listener learns of the end a moment later
                pass
        second_out.close()


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _is_served(port: int) -> bool:
    reader, writer = await _connect(port)
    writer.write(REQUEST)
    answer = await asyncio.wait_for(_read_to_the_end(reader), 5)
    writer.close()
    return bool(answer)


async def _ask_over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST)
    assert json.loads((await reader.readuntil(b"}")).partition(b"\r\n\r\n")[2])["result"] == hex(CHAIN_ID)


async def _read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("garbage", [b"\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"])
async def test_bytes_that_are_no_http_do_no_harm(garbage: bytes) -> None:
    async with listening() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(garbage)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert (await call(server.url, "eth_chainId"))["result"] == hex(CHAIN_ID)


async def test_ipv6_urls_have_brackets() -> None:
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6 loopback: enable it (sysctl net.ipv6.conf.lo.disable_ipv6=0)")
    async with open_server("::1", 0, AppParts(make_ports())) as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert (await call(server.url, "eth_chainId"))["result"] == hex(CHAIN_ID)
