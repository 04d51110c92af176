"""Foundry's cast and forge against a chain of ours, as developers use them."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from eth_account import Account
from foundry_tools import Foundry, make_project
from plain_chain import CHAIN_ID, open_plain_chain

from contracts.artifact import load_artifact

INCREMENT, COUNTED = "increment(uint256)", "Counted(address indexed,uint256,uint256)"
STEP_IS_ZERO = "0xb4a383b3"
STRANGER = "0x00000000000000000000000000000000000000AA"


@pytest.fixture
async def foundry(tmp_path: Path) -> AsyncIterator[Foundry]:
    make_project(tmp_path / "project")
    async with open_plain_chain(tmp_path / "chain") as chain:
        yield Foundry(chain.url, "0x" + chain.keys[0].hex(), tmp_path / "project")


async def deploy_counter(foundry: Foundry) -> str:
    receipt = await foundry.send("--create", "0x" + load_artifact("DemoCounter").bytecode.hex())
    return str(receipt["contractAddress"])


async def test_cast_reads_the_chain(foundry: Foundry) -> None:
    owner = Account.from_key(foundry.key).address
    assert int(await foundry.cast("chain-id")) == CHAIN_ID
    assert await foundry.cast("balance", owner, "--ether") == "1000.000000000000000000"
    assert await foundry.cast("nonce", owner) == "0"
    assert (await foundry.cast_json("block", "latest"))["number"] == hex(int(await foundry.cast("block-number")))
    assert int(await foundry.cast("gas-price")) > int(await foundry.cast("base-fee")) > 0
    history = json.loads(await foundry.cast("rpc", "eth_feeHistory", "0x4", "latest", "[25,75]"))
    assert len(history["baseFeePerGas"]) == len(history["reward"]) + 1


@pytest.mark.parametrize("kind", [("--legacy",), ("--access-list", "[]"), ()])
async def test_cast_sends_and_waits(foundry: Foundry, kind: tuple[str, ...]) -> None:
    receipt = await foundry.send(STRANGER, "--value", "3", *kind)
    assert (receipt["status"], receipt["gasUsed"]) == ("0x1", hex(21_000))
    sent = await foundry.cast_json("tx", receipt["transactionHash"])
    assert (sent["value"], sent["blockHash"]) == ("0x3", receipt["blockHash"])
    assert await foundry.cast("balance", STRANGER) == "3"
    assert await foundry.cast("receipt", receipt["transactionHash"], "blockNumber") == str(int(sent["blockNumber"], 16))


async def test_cast_deploys_calls_and_finds_events(foundry: Foundry) -> None:
    counter = await deploy_counter(foundry)
    receipt = await foundry.send(counter, INCREMENT, "5")
    assert await foundry.cast("call", counter, "total()(uint256)") == "5"
    assert int(await foundry.cast("storage", counter, "0"), 16) == 5
    code = await foundry.cast("code", counter)
    assert code == "0x" + load_artifact("DemoCounter").runtime.hex()
    (log,) = await foundry.cast_json("logs", "--address", counter, "--from-block", "0", COUNTED)
    assert log["transactionHash"] == receipt["transactionHash"]
    assert int(log["blockTimestamp"], 16) > 0
    assert log == receipt["logs"][0]
    proof = json.loads(await foundry.cast("proof", counter, "0"))
    assert int(proof["storageProof"][0]["value"], 16) == 5


async def test_cast_sees_why_a_call_reverts(foundry: Foundry) -> None:
    counter = await deploy_counter(foundry)
    asked = ("call", counter, INCREMENT, "0")
    sent = ("send", counter, INCREMENT, "0", "--private-key", foundry.key)
    for arguments in (asked, sent):
        failed = await foundry.run("cast", *arguments)
        assert failed.code == 1
        assert f'error code 3: execution reverted, data: "{STEP_IS_ZERO}"' in failed.err
    await foundry.cast("decode-error", "--sig", "StepIsZero()", STEP_IS_ZERO)  # fails for any other error's data


async def test_cast_estimates(foundry: Foundry) -> None:
    counter = await deploy_counter(foundry)
    owner = Account.from_key(foundry.key).address
    estimate = int(await foundry.cast("estimate", "--from", owner, counter, INCREMENT, "7"))
    listed = await foundry.cast_json("access-list", "--from", owner, counter, INCREMENT, "7")
    used = int((await foundry.send(counter, INCREMENT, "7"))["gasUsed"], 16)
    assert used <= estimate <= used * 1.1
    assert [row["address"].lower() for row in listed["accessList"]] == [counter.lower()]
    assert len(listed["accessList"][0]["storageKeys"]) == 2


async def test_cast_runs_a_transaction_again_and_sees_what_the_tracer_saw(foundry: Foundry) -> None:
    counter = await deploy_counter(foundry)
    sent = await foundry.send(counter, INCREMENT, "5")
    for options in ((), ("--quick",)):
        again = await foundry.cast("run", sent["transactionHash"], *options)
        assert "Transaction successfully executed." in again
        assert f"Gas used: {int(sent['gasUsed'], 16)}" in again
        assert sent["logs"][0]["data"] in again
    traced = await foundry.cast("rpc", "debug_traceTransaction", sent["transactionHash"], '{"tracer":"callTracer"}')
    assert json.loads(traced)["gasUsed"] == sent["gasUsed"]


async def test_cast_is_told_of_events_over_a_websocket(foundry: Foundry) -> None:
    counter = await deploy_counter(foundry)
    socket = foundry.url.replace("http", "ws")
    assert int(await foundry.cast("chain-id", "--rpc-url", socket)) == CHAIN_ID
    listening = ("logs", "--subscribe", "--address", counter, "--rpc-url", socket, COUNTED)
    async with foundry.started("cast", *listening) as listener:
        told = await read_while_sending(foundry, counter, listener)
    assert counter.lower() in told.lower()


async def read_while_sending(foundry: Foundry, counter: str, listener: asyncio.subprocess.Process) -> str:
    """What a listener prints first. What was emitted before it listened tells nothing, so events go on."""
    assert listener.stdout is not None
    reading = asyncio.ensure_future(listener.stdout.read(4096))
    async with asyncio.timeout(30):
        while not reading.done():
            await foundry.send(counter, INCREMENT, "1")
    return (await reading).decode()


async def test_forge_creates_a_contract(foundry: Foundry) -> None:
    signed = ("--rpc-url", foundry.url, "--private-key", foundry.key)
    made = json.loads(
        await foundry.forge("create", "src/DemoCounter.sol:DemoCounter", "--broadcast", "--json", *signed)
    )
    receipt = await foundry.cast_json("receipt", made["transactionHash"])
    assert receipt["contractAddress"].lower() == made["deployedTo"].lower()
    assert await foundry.cast("call", made["deployedTo"], "total()(uint256)") == "0"


async def test_forge_simulates_and_broadcasts_a_script(foundry: Foundry) -> None:
    """Forge forks the chain for the simulation, estimates, sends three transactions and waits for their receipts."""
    signed = ("--rpc-url", foundry.url, "--private-key", foundry.key)
    output = await foundry.forge("script", "script/Count.s.sol:Count", "--broadcast", *signed)
    assert "ONCHAIN EXECUTION COMPLETE & SUCCESSFUL" in output
    run = foundry.home / "broadcast" / "Count.s.sol" / str(CHAIN_ID) / "run-latest.json"
    receipts = json.loads(run.read_text())["receipts"]
    assert [receipt["status"] for receipt in receipts] == ["0x1"] * 3
    assert await foundry.cast("call", receipts[0]["contractAddress"], "total()(uint256)") == "5"
