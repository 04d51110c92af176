"""Traces over a whole chain, in JSON: what they say is what receipts, logs and balances say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from plain_chain import open_plain_chain
from test_rpc_methods import ALICE, STRANGER, TOTAL, Client

from rollup.core.hashes import keccak
from rpc.settings import RpcSettings

CALL_TRACER = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with open_plain_chain(tmp_path, RpcSettings()) as chain, ClientSession() as session:
        yield Client(chain, session)


async def test_a_transaction_by_every_way_to_it(client: Client) -> None:
    counter = await client.deploy_counter()
    receipt = await client.increment(counter, 3)
    trace = await client.get("debug_traceTransaction", receipt["transactionHash"], CALL_TRACER)
    assert trace["gasUsed"] == receipt["gasUsed"]
    assert trace["to"] == counter.lower()
    assert [log["topics"] for log in trace["logs"]] == [log["topics"] for log in receipt["logs"]]
    by_number = await client.get("debug_traceBlockByNumber", receipt["blockNumber"], CALL_TRACER)
    assert {"txHash": receipt["transactionHash"], "result": trace} in by_number
    assert by_number == await client.get("debug_traceBlockByHash", receipt["blockHash"], CALL_TRACER)
    block = await client.get("eth_getBlockByHash", receipt["blockHash"], False)
    assert (await client.get("debug_intermediateRoots", receipt["blockHash"]))[-1] == block["stateRoot"]
    steps = await client.get("debug_traceTransaction", receipt["transactionHash"])
    assert steps["gas"] == int(receipt["gasUsed"], 16)
    assert steps["structLogs"][0]["op"].startswith("PUSH")


async def test_calls_with_overrides(client: Client) -> None:
    counter = await client.deploy_counter()
    await client.increment(counter, 3)
    call = {"to": counter, "data": TOTAL}
    trace = await client.get("debug_traceCall", call, "latest", {"tracer": "callTracer"})
    assert int(trace["output"], 16) == 3
    number = {"to": STRANGER}
    options = {"stateOverrides": {STRANGER: {"code": "0x435f5260205ff3"}}, "blockOverrides": {"number": "0x1234"}}
    seen = await client.get("debug_traceCall", number, "latest", options)
    assert int(seen["returnValue"], 16) == 0x1234
    prestate = await client.get("debug_traceCall", call, "latest", {"tracer": "prestateTracer"})
    assert counter.lower() in prestate


async def test_parity_in_every_way(client: Client) -> None:
    counter = await client.deploy_counter()
    receipt = await client.increment(counter, 3)
    name, number = receipt["transactionHash"], receipt["blockNumber"]
    rows = await client.get("trace_transaction", name)
    assert rows[0]["action"]["to"] == counter.lower()
    assert (rows[0]["blockHash"], rows[0]["transactionHash"]) == (receipt["blockHash"], name)
    assert rows == [row for row in await client.get("trace_block", number) if row["transactionHash"] == name]
    assert await client.get("trace_get", name, []) == rows[0]
    found = await client.get("trace_filter", {"fromBlock": number, "toBlock": number, "toAddress": [counter]})
    assert found == rows
    assert await client.get("trace_filter", {"fromAddress": [ALICE.address], "after": 1, "count": 1}) == rows[:1]
    replay = await client.get("trace_replayTransaction", name, ["trace", "stateDiff", "vmTrace"])
    assert next(iter(replay["stateDiff"][counter.lower()]["storage"].values()))
    assert replay["vmTrace"]["ops"]
    whole = await client.get("trace_replayBlockTransactions", number, ["stateDiff"])
    assert {"transactionHash": name, **replay, "trace": [], "vmTrace": None} in whole
    called = await client.get("trace_call", {"to": counter, "data": TOTAL}, ["trace"], "latest")
    assert int(called["output"], 16) == 3


async def test_storage_in_ranges(client: Client) -> None:
    counter = await client.deploy_counter()
    await client.increment(counter, 3)
    receipt = await client.increment(counter, 4)
    block, before = receipt["blockHash"], hex(int(receipt["blockNumber"], 16) - 1)
    whole = await client.get("debug_storageRangeAt", block, 0, counter, "0x", 100)
    assert whole["nextKey"] is None
    assert list(whole["storage"]) == sorted(whole["storage"])
    for slot in range(4):
        value = await client.get("eth_getStorageAt", counter, hex(slot), before)
        row = whole["storage"].get("0x" + keccak(slot.to_bytes(32, "big")).hex())
        assert (int(value, 16) == 0) if row is None else row == {"key": None, "value": value}
    pieces, start = {}, "0x"
    while start is not None:
        piece = await client.get("debug_storageRangeAt", block, 0, counter, start, 1)
        pieces |= piece["storage"]
        start = piece["nextKey"]
    assert pieces == whole["storage"] != {}


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("debug_traceTransaction", ["0x" + "00" * 32], "transaction not found"),
        ("debug_traceBlockByNumber", ["0x0"], "genesis is not traceable"),
        ("debug_traceBlockByNumber", ["0xffff"], "block #65535 not found"),
        ("debug_traceBlockByHash", ["0x" + "00" * 32], "block 0x" + "00" * 32 + " not found"),
        ("debug_traceCall", [{}, "latest", {"tracer": "nonsense"}], "tracer not found: nonsense"),
        ("trace_replayTransaction", ["0x" + "00" * 32, ["trace"]], "transaction not found"),
    ],
)
async def test_refusals(client: Client, method: str, params: list[Any], words: str) -> None:
    code, message = await client.refused(method, *params)
    assert (code, words in message) == (-32000, True), message


async def test_what_is_not_there_is_null_or_empty_in_paritys_namespace(client: Client) -> None:
    assert await client.get("trace_transaction", "0x" + "00" * 32) is None
    assert await client.get("trace_block", "0x0") == []
