"""A follower's subscribers hear of what it derives, and of what a reorganisation of the anchor takes back."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
from eth_account import Account
from ledger_world import ANCHOR, CHAIN_ID, USER_KEY, WAIT_S, NodePlan, build_world, run_whole_node

from contracts import encode_constructor, load_artifact

HOLDER = "0x" + "00" * 19 + "aa"


def sign_token(nonce: int) -> bytes:
    """Deploys a token, whose constructor tells of its supply in a log."""
    data = encode_constructor(load_artifact("DemoToken"), ("Demo", "DMO", HOLDER, 1000))
    fields = {"nonce": nonce, "gas": 3_000_000, "gasPrice": 10**11, "data": data, "chainId": CHAIN_ID}
    return bytes(Account.sign_transaction(fields, USER_KEY).raw_transaction)


async def hear(socket: aiohttp.ClientWebSocketResponse, *, removed: bool) -> Any:
    """The next log that was added or removed."""
    async with asyncio.timeout(WAIT_S):
        while True:
            message = await socket.receive_json()
            if "params" in message and message["params"]["result"]["removed"] is removed:
                return message["params"]["result"]


async def test_logs_of_a_batch_that_the_anchor_lost_are_taken_back(tmp_path: Path) -> None:
    world = build_world()
    async with (
        run_whole_node(world, tmp_path / "sequencer") as node,
        run_whole_node(world, tmp_path / "follower", NodePlan(key=None)) as follower,
        aiohttp.ClientSession() as session,
        session.ws_connect(follower.inner.server.url) as socket,
    ):
        await node.seal_final_batch()
        topic = {"topics": [None, None, "0x" + HOLDER[2:].rjust(64, "0")]}
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["logs", topic]})
        assert "result" in await socket.receive_json()
        assert node.inner.sequencer is not None
        sent = await node.inner.sequencer.submit(sign_token(1))
        batch = await node.batch_with(sent)
        await node.include(batch.header.number)
        told = await hear(socket, removed=False)
        assert told["transactionHash"] == "0x" + sent.hex()
        depth = world.networks[ANCHOR].chain.head.height - (node.row(ANCHOR, batch.header.number).height or 0) + 1
        await world.networks[ANCHOR].reorg(depth, keep_transactions=False)
        assert await hear(socket, removed=True) == told | {"removed": True}
        await node.settle(batch.header.number)
        assert await hear(socket, removed=False) == told
