"""Long answers go out in pieces: whole and the same over HTTP, in batches and over WebSocket; others are answered
meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from growing_chain import GrowingChain
from listening import listening, make_ports
from sockets import connected, make_block, make_log

from rpc.endpoint import WHOLE_BYTES_MAX
from rpc.json_codec import Encoded, encode_json
from rpc.server import RpcServer
from rpc.turns import encode_in_turns

LOGS = 3_000
ASK_LOGS = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{"fromBlock": "0x0", "toBlock": "latest"}]}
ASK_NUMBER = {"jsonrpc": "2.0", "id": 2, "method": "eth_blockNumber"}


@pytest.fixture
async def server() -> AsyncIterator[RpcServer]:
    chain = GrowingChain()
    for number in range(1, 31):
        chain.add(make_block(number, *[make_log(1, index, data=bytes(100)) for index in range(LOGS // 30)]))
    async with listening(ports=make_ports(chain=chain), feed=chain.feed) as opened:
        yield opened


def check(logs: list[Any]) -> None:
    places = [(int(log["blockNumber"], 16), int(log["logIndex"], 16)) for log in logs]
    assert places == [(number, index) for number in range(1, 31) for index in range(LOGS // 30)]


async def test_a_long_answer_arrives_whole_over_http(server: RpcServer) -> None:
    async with aiohttp.ClientSession() as session, session.post(server.url, json=ASK_LOGS) as answer:
        body = await answer.read()
        assert int(answer.headers["Content-Length"]) == len(body) > WHOLE_BYTES_MAX
        assert answer.content_type == "application/json"
        check((await answer.json())["result"])


async def test_a_long_answer_has_its_place_in_a_batch(server: RpcServer) -> None:
    batch = [ASK_NUMBER, ASK_LOGS, ASK_NUMBER]
    async with aiohttp.ClientSession() as session, session.post(server.url, json=batch) as answer:
        answers = await answer.json()
    assert [each["id"] for each in answers] == [2, 1, 2]
    check(answers[1]["result"])


async def test_a_long_answer_is_one_message_over_websocket(server: RpcServer) -> None:
    async with connected(server) as client:
        check(await client.call("eth_getLogs", *ASK_LOGS["params"]))


async def test_a_reader_that_leaves_in_the_middle_harms_nobody(server: RpcServer) -> None:
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        body = encode_json(ASK_LOGS)
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        await asyncio.sleep(0.02)
        writer.transport.abort()
    async with connected(server) as client:
        assert await client.call("eth_blockNumber") == hex(30)


@pytest.mark.parametrize("count", [0, 1, 4, 5, 10, 11])
async def test_pieces_make_an_array(count: int) -> None:
    encoded = await encode_in_turns(range(count), lambda item: {"n": item}, 5)
    assert isinstance(encoded, Encoded)
    assert encode_json(encoded) == encode_json([{"n": item} for item in range(count)])
    assert encoded.size == len(encode_json(encoded))
