"""The JSON-RPC client against nodes that answer badly, too much, or not at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from scripted_node import RpcFault, ScriptedNode, serve_node

from ledgers.transport import JsonRpcError, RpcCall, RpcTransport, TransportSettings
from rollup.core.errors import LedgerBusy, LedgerUnavailable


@pytest.fixture
async def node() -> AsyncIterator[ScriptedNode]:
    def refuse() -> object:
        raise RpcFault(3, "execution reverted", "0x1234")

    async with serve_node(ScriptedNode({"echo": lambda *values: list(values), "refuse": refuse})) as node:
        yield node


@pytest.fixture
async def transport(node: ScriptedNode) -> AsyncIterator[RpcTransport]:
    settings = TransportSettings(node.url + "/?secret=key", timeout_s=5.0, answer_bytes_max=10_000)
    async with RpcTransport(settings) as transport:
        yield transport


async def test_a_call_brings_its_result(transport: RpcTransport) -> None:
    assert await transport.call("echo", 1, "two", None) == [1, "two", None]


async def test_a_batch_keeps_its_order(transport: RpcTransport, node: ScriptedNode) -> None:
    calls = [RpcCall("echo", (number,)) for number in range(20)]
    assert await transport.call_batch(*calls) == [[number] for number in range(20)]
    assert len(node.asked) == 20


async def test_an_error_object_keeps_code_message_and_data(transport: RpcTransport) -> None:
    with pytest.raises(JsonRpcError) as caught:
        await transport.call("refuse")
    assert (caught.value.code, caught.value.message, caught.value.data) == (3, "execution reverted", "0x1234")
    with pytest.raises(JsonRpcError):
        await transport.call_batch(RpcCall("echo"), RpcCall("refuse"))
    fine, refused = await transport.try_batch(RpcCall("echo", (1,)), RpcCall("refuse"))
    assert fine == [1]
    assert isinstance(refused, JsonRpcError)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        "7",
        "null",
        '{"id": 0}',
        '[{"id": 0, "result": 1}]',
        '[{"id": 0, "result": 1}, {"id": 9, "result": 1}]',
        '{"id": 0, "error": "words"}',
        "[" * 2_000,
    ],
)
async def test_an_answer_that_is_no_json_rpc_is_unavailability(
    transport: RpcTransport, node: ScriptedNode, text: str
) -> None:
    node.respond = lambda calls: web.Response(text=text)
    with pytest.raises(LedgerUnavailable):
        await transport.call("echo")
    with pytest.raises(LedgerUnavailable):
        await transport.call_batch(RpcCall("echo"), RpcCall("echo"))


async def test_a_batch_refused_as_a_whole_is_an_error(transport: RpcTransport, node: ScriptedNode) -> None:
    refusal = '{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "no batches"}}'
    node.respond = lambda calls: web.Response(status=400, text=refusal)
    with pytest.raises(JsonRpcError, match="no batches"):
        await transport.try_batch(RpcCall("echo"))


async def test_an_answer_that_is_too_long_is_not_read_to_the_end(transport: RpcTransport) -> None:
    with pytest.raises(LedgerUnavailable, match="more than 10000 bytes"):
        await transport.call("echo", "x" * 20_000)


async def test_patience_is_asked_for_by_status_429(transport: RpcTransport, node: ScriptedNode) -> None:
    node.respond = lambda calls: web.Response(status=429)
    with pytest.raises(LedgerBusy):
        await transport.call("echo")


async def test_silence_ends_by_timeout(node: ScriptedNode) -> None:
    node.silent = True
    async with RpcTransport(TransportSettings(node.url, timeout_s=0.05)) as transport:
        with pytest.raises(LedgerUnavailable, match="did not answer"):
            await transport.call("echo")


async def test_nobody_at_the_address() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with RpcTransport(TransportSettings(f"http://127.0.0.1:{port}")) as transport:
        with pytest.raises(LedgerUnavailable):
            await transport.call("echo")


async def test_messages_do_not_show_the_secret_part_of_the_address(transport: RpcTransport, node: ScriptedNode) -> None:
    node.respond = lambda calls: web.Response(status=500, text="oops")
    with pytest.raises(LedgerUnavailable) as caught:
        await transport.call("echo")
    assert "secret" not in str(caught.value)


async def test_a_closed_transport_is_unavailable(node: ScriptedNode) -> None:
    async with RpcTransport(TransportSettings(node.url)) as transport:
        pass
    with pytest.raises(LedgerUnavailable):
        await transport.call("echo")
