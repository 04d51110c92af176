"""A client of an embedded ledger hears of its blocks, logs and transactions, and of logs that a fork removes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from eth_account import Account

from contracts import load_artifact
from node.embedded_ledger import EmbeddedRules, open_embedded_ledger
from node.rollup_genesis import build_chain_genesis
from rollup.core.genesis import ChainRule
from rollup.core.hashes import address_of, keccak

CHAIN_ID = 900_950
KEY = bytes(keccak(b"who listens to the ledger"))
PATIENCE_S = 20.0
GENESIS_TIME = 1_790_000_000


class Socket:
    """JSON-RPC over one WebSocket connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._news: list[Any] = []
        self._count = 0

    async def call(self, method: str, *params: object) -> Any:
        self._count += 1
        await self._socket.send_json({"jsonrpc": "2.0", "id": self._count, "method": method, "params": params})
        while "id" not in (message := await self._socket.receive_json(timeout=PATIENCE_S)):
            self._news.append(message["params"])
        assert "error" not in message, message
        return message["result"]

    async def hear(self, subscription: str) -> Any:
        """The next news of one subscription; that of others before it is passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                news = self._news.pop(0) if self._news else (await self._socket.receive_json())["params"]
                if news["subscription"] == subscription:
                    return news["result"]

    async def send(self, nonce: int, data: bytes, to: str | None) -> str:
        fields = {"nonce": nonce, "gas": 1_000_000, "gasPrice": 10**10, "data": data, "chainId": CHAIN_ID}
        signed = Account.sign_transaction(fields | ({"to": bytes.fromhex(to[2:])} if to else {}), KEY)
        answer: str = await self.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
        return answer


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Socket]:
    genesis = build_chain_genesis(ChainRule(CHAIN_ID), GENESIS_TIME, {address_of(KEY): 10**24})
    rules = EmbeddedRules("127.0.0.1", 0, block_time_s=0.1, finality_depth=2)
    async with AsyncExitStack() as stack:
        chain, server, _ = await stack.enter_async_context(open_embedded_ledger(tmp_path / "chain", genesis, rules))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = group.create_task(chain.run())
        stack.callback(running.cancel)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Socket(await stack.enter_async_context(session.ws_connect(server.url)))


async def test_a_fork_takes_back_what_it_had_told(client: Socket) -> None:
    heads = await client.call("eth_subscribe", "newHeads")
    pending = await client.call("eth_subscribe", "newPendingTransactions")
    artifact = load_artifact("DemoCounter")
    deployed = await client.send(0, artifact.bytecode, None)
    assert await client.hear(pending) == deployed
    while (receipt := await client.call("eth_getTransactionReceipt", deployed)) is None:
        await client.hear(heads)

    logs = await client.call("eth_subscribe", "logs", {"address": receipt["contractAddress"]})
    step = keccak(b"increment(uint256)")[:4] + (5).to_bytes(32, "big")
    counted = await client.send(1, step, receipt["contractAddress"])
    log = await client.hear(logs)
    assert (log["transactionHash"], log["removed"]) == (counted, False)
    receipt = await client.call("eth_getTransactionReceipt", counted)
    assert receipt["logs"] == [log]

    depth = int(await client.call("eth_blockNumber"), 16) - int(log["blockNumber"], 16) + 1
    assert await client.call("devnet_reorg", depth + 2) is True
    assert await client.hear(logs) == log | {"removed": True}
    assert await client.call("eth_getTransactionReceipt", counted) is None
    while (head := await client.hear(heads))["number"] != log["blockNumber"] or head["hash"] == log["blockHash"]:
        pass
