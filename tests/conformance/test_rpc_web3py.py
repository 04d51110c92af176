"""web3.py against a chain of ours: connect, read, send, deploy, call, events, reverts, fees."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from plain_chain import CHAIN_ID, ETHER, KEYS, PlainChain, open_plain_chain
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import ContractCustomError, ContractLogicError, TransactionNotFound, Web3RPCError

from contracts.artifact import Artifact, load_artifact

ALICE: LocalAccount = Account.from_key(KEYS[0])
BOB: LocalAccount = Account.from_key(KEYS[1])


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    async with open_plain_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def w3(chain: PlainChain) -> AsyncIterator[AsyncWeb3[Any]]:
    client = AsyncWeb3(AsyncHTTPProvider(chain.url))
    yield client
    await client.provider.disconnect()


async def send(w3: AsyncWeb3[Any], account: LocalAccount, transaction: dict[str, Any]) -> Any:
    """Fill in what a wallet fills in, sign, send, wait for the receipt."""
    filled = {
        "chainId": await w3.eth.chain_id,
        "nonce": await w3.eth.get_transaction_count(account.address, "pending"),
        "maxPriorityFeePerGas": await w3.eth.max_priority_fee,
        "maxFeePerGas": await w3.eth.gas_price * 2,
    } | transaction
    if "gas" not in filled:
        filled["gas"] = await w3.eth.estimate_gas({"from": account.address} | filled)
    sent = await w3.eth.send_raw_transaction(account.sign_transaction(filled).raw_transaction)
    return await w3.eth.wait_for_transaction_receipt(sent, timeout=10, poll_latency=0.02)


async def deploy(w3: AsyncWeb3[Any], artifact: Artifact, *arguments: object) -> Any:
    factory = w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    created = await factory.constructor(*arguments).build_transaction({"from": ALICE.address})
    receipt = await send(w3, ALICE, {"data": created["data"], "gas": created["gas"]})
    assert receipt["status"] == 1
    return w3.eth.contract(address=receipt["contractAddress"], abi=artifact.abi)


async def test_connect_and_read(w3: AsyncWeb3[Any]) -> None:
    assert await w3.is_connected()
    assert await w3.eth.chain_id == CHAIN_ID
    assert await w3.eth.get_balance(ALICE.address) == 1000 * ETHER
    assert await w3.eth.get_balance(ALICE.address, "finalized") == 1000 * ETHER
    assert await w3.eth.get_code(ALICE.address) == b""
    assert (await w3.eth.get_block(0))["number"] == 0
    assert await w3.eth.syncing is False
    assert await w3.net.version == str(CHAIN_ID)
    assert (await w3.client_version).startswith("entresol/")


async def test_a_transfer_is_followed_from_hash_to_block(w3: AsyncWeb3[Any]) -> None:
    receipt = await send(w3, ALICE, {"to": BOB.address, "value": ETHER})
    assert (receipt["status"], receipt["gasUsed"], receipt["type"]) == (1, 21_000, 2)
    assert await w3.eth.get_balance(BOB.address) == 1001 * ETHER
    mined = await w3.eth.get_transaction(receipt["transactionHash"])
    assert (mined["from"], mined["to"], mined["value"]) == (ALICE.address, BOB.address, ETHER)
    assert mined["blockHash"] == receipt["blockHash"]
    block = await w3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    assert block["transactions"][0] == mined
    assert (await w3.eth.get_block(receipt["blockHash"]))["hash"] == receipt["blockHash"]
    assert await w3.eth.get_balance(BOB.address, receipt["blockNumber"] - 1) == 1000 * ETHER
    with pytest.raises(TransactionNotFound):
        await w3.eth.get_transaction("0x" + "00" * 32)


async def test_contracts_are_deployed_called_and_heard(w3: AsyncWeb3[Any]) -> None:
    counter = await deploy(w3, load_artifact("DemoCounter"))
    for step in (5, 7):
        data = counter.encode_abi("increment", [step])
        assert (await send(w3, ALICE, {"to": counter.address, "data": data}))["status"] == 1
    assert await counter.functions.total().call() == 12
    assert await counter.functions.countOf(ALICE.address).call() == 12
    events = await counter.events.Counted.get_logs(from_block=0, argument_filters={"account": ALICE.address})
    assert [(event["args"]["step"], event["args"]["total"]) for event in events] == [(5, 5), (7, 12)]
    assert await counter.events.Counted.get_logs(from_block=0, argument_filters={"account": BOB.address}) == []


async def test_reverts_are_decoded(w3: AsyncWeb3[Any]) -> None:
    counter = await deploy(w3, load_artifact("DemoCounter"))
    with pytest.raises(ContractCustomError):
        await counter.functions.increment(0).call()
    token = await deploy(w3, load_artifact("DemoToken"), "Demo", "DMO", ALICE.address, 1000)
    assert await token.functions.balanceOf(ALICE.address).call() == 1000
    with pytest.raises(ContractLogicError):
        await token.functions.transfer(BOB.address, 2000).call({"from": ALICE.address})
    with pytest.raises(ContractLogicError):
        await token.functions.transfer(BOB.address, 2000).estimate_gas({"from": ALICE.address})


async def test_words_of_refusal_are_geths(w3: AsyncWeb3[Any]) -> None:
    await send(w3, ALICE, {"to": BOB.address, "value": 1})
    with pytest.raises(Web3RPCError, match="nonce too low"):
        await send(w3, ALICE, {"to": BOB.address, "value": 1, "nonce": 0})
    with pytest.raises(Web3RPCError, match="insufficient funds for gas"):
        await send(w3, ALICE, {"to": BOB.address, "value": 10**6 * ETHER, "gas": 21_000})
    with pytest.raises(Web3RPCError, match="intrinsic gas too low"):
        await send(w3, ALICE, {"to": BOB.address, "gas": 20_000})


async def test_fees_are_suggested_and_remembered(w3: AsyncWeb3[Any]) -> None:
    await asyncio.gather(*(send(w3, account, {"to": BOB.address, "value": 1}) for account in (ALICE, BOB)))
    history = await w3.eth.fee_history(4, "latest", [10, 50, 90])
    blocks = len(history["gasUsedRatio"])
    assert len(history["baseFeePerGas"]) == blocks + 1
    assert [len(rewards) for rewards in history["reward"]] == [3] * blocks
    assert await w3.eth.gas_price > history["baseFeePerGas"][-1]
    assert max(history["reward"][-1]) == await w3.eth.max_priority_fee
