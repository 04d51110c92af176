"""web3.py over one WebSocket connection: calls side by side, subscriptions with handlers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from plain_chain import CHAIN_ID, KEYS, PlainChain, open_plain_chain
from web3 import AsyncWeb3, WebSocketProvider
from web3.utils.subscriptions import LogsSubscription, NewHeadsSubscription, PendingTxSubscription

from contracts.artifact import load_artifact

ALICE = Account.from_key(KEYS[0])
PATIENCE_S = 10.0


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    async with open_plain_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def w3(chain: PlainChain) -> AsyncIterator[AsyncWeb3[Any]]:
    async with AsyncWeb3(WebSocketProvider(chain.url.replace("http", "ws"))) as client:
        yield client


async def send(w3: AsyncWeb3[Any], transaction: dict[str, Any]) -> Any:
    filled = {
        "chainId": CHAIN_ID,
        "nonce": await w3.eth.get_transaction_count(ALICE.address, "pending"),
        "gas": 1_000_000,
        "maxPriorityFeePerGas": await w3.eth.max_priority_fee,
        "maxFeePerGas": await w3.eth.gas_price * 2,
    }
    signed = ALICE.sign_transaction(filled | transaction)
    return await w3.eth.send_raw_transaction(signed.raw_transaction)


async def test_calls_side_by_side(w3: AsyncWeb3[Any]) -> None:
    answers = await asyncio.gather(*(w3.eth.get_block(0) for _ in range(50)), w3.eth.chain_id)
    assert answers[-1] == CHAIN_ID
    assert {block["number"] for block in answers[:-1]} == {0}
    async with w3.batch_requests() as batch:
        batch.add(w3.eth.get_balance(ALICE.address))
        batch.add(w3.eth.get_block("latest"))
        balance, block = await batch.async_execute()
    assert balance > 0
    assert block["number"] == 0


async def test_subscriptions_reach_their_handlers(w3: AsyncWeb3[Any]) -> None:
    heard: dict[str, list[Any]] = {"head": [], "pending": [], "log": []}
    complete = asyncio.Event()

    def note(kind: str) -> Any:
        async def handle(context: Any) -> None:
            heard[kind].append(context.result)
            if all(heard.values()):
                complete.set()

        return handle

    factory = w3.eth.contract(**{name: getattr(load_artifact("DemoCounter"), name) for name in ("abi", "bytecode")})
    created = await factory.constructor().build_transaction({"from": ALICE.address, "gas": 1_000_000})
    receipt = await w3.eth.wait_for_transaction_receipt(await send(w3, {"data": created["data"]}), PATIENCE_S, 0.02)
    counter = w3.eth.contract(address=receipt["contractAddress"], abi=factory.abi)
    await w3.subscription_manager.subscribe(
        [
            NewHeadsSubscription(handler=note("head")),
            PendingTxSubscription(full_transactions=True, handler=note("pending")),
            LogsSubscription(address=counter.address, topics=[counter.events.Counted().topic], handler=note("log")),
        ]
    )
    sent = await send(w3, {"to": counter.address, "data": counter.encode_abi("increment", [5])})
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        listening = group.create_task(w3.subscription_manager.handle_subscriptions(run_forever=True))
        await complete.wait()
        listening.cancel()
    assert heard["pending"][0]["hash"] == sent
    assert heard["log"][0]["transactionHash"] == sent
    assert counter.events.Counted().process_log(heard["log"][0])["args"]["step"] == 5
    assert heard["log"][0]["blockHash"] in [head["hash"] for head in heard["head"]]
    await w3.subscription_manager.unsubscribe_all()
