"""The requests of the Otterscan explorer over a whole chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from eth_utils.address import to_checksum_address
from plain_chain import open_plain_chain
from test_rpc_methods import ALICE, STRANGER, Client

from rpc.settings import RpcSettings

PAYER = "0x" + (b"\x5f\x5f\x5f\x5f\x34\x73" + bytes.fromhex(STRANGER[2:]) + b"\x5a\xf1\x00").hex()
"""Runtime that sends on what it gets, and returns nothing."""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with open_plain_chain(tmp_path, RpcSettings()) as chain, ClientSession() as session:
        yield Client(chain, session)


def deployer(runtime: str) -> str:
    size = len(runtime) // 2 - 1
    return f"0x60{size:02x}8060095f395ff3{runtime[2:]}"


async def test_the_explorer_asks_for_its_level_and_headers(client: Client) -> None:
    assert await client.get("ots_getApiLevel") == 8
    header = await client.get("erigon_getHeaderByNumber", 0)
    block = await client.get("eth_getBlockByNumber", "0x0", False)
    assert {name: block[name] for name in header} == header
    assert await client.get("erigon_getHeaderByNumber", "0xffff") is None


async def test_a_block_with_what_was_paid_and_its_page(client: Client) -> None:
    receipt = await client.send(to=STRANGER, value=5)
    number = int(receipt["blockNumber"], 16)
    details = await client.get("ots_getBlockDetails", number)
    assert details["block"]["transactionCount"] == 1
    assert "transactions" not in details["block"]
    assert int(details["totalFees"], 16) == int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert details == await client.get("ots_getBlockDetailsByHash", receipt["blockHash"])
    page = await client.get("ots_getBlockTransactions", number, 0, 10)
    assert [each["hash"] for each in page["fullblock"]["transactions"]] == [receipt["transactionHash"]]
    assert page["receipts"][0]["logs"] is None
    assert (await client.get("ots_getBlockTransactions", number, 1, 10))["receipts"] == []


async def test_what_a_contract_did(client: Client) -> None:
    made = await client.send(to="", data=deployer(PAYER))
    contract = made["contractAddress"]
    assert await client.get("ots_hasCode", contract, "latest")
    assert not await client.get("ots_hasCode", STRANGER, "latest")
    assert await client.get("ots_getContractCreator", contract) == {
        "hash": made["transactionHash"],
        "creator": ALICE.address.lower(),
    }
    assert await client.get("ots_getContractCreator", STRANGER) is None
    paid = await client.send(to=to_checksum_address(contract), value=7, gas=100_000)
    name = paid["transactionHash"]
    moved = {"type": 0, "from": contract, "to": STRANGER.lower(), "value": "0x7"}
    assert await client.get("ots_getInternalOperations", name) == [moved]
    assert [step["depth"] for step in await client.get("ots_traceTransaction", name)] == [0, 1]
    assert await client.get("ots_getTransactionError", name) == "0x"


async def test_revert_data(client: Client) -> None:
    made = await client.send(to="", data=deployer("0x602a5f5260205ffd"))
    failed = await client.send(to=to_checksum_address(made["contractAddress"]), gas=100_000)
    assert failed["status"] == "0x0"
    assert int(await client.get("ots_getTransactionError", failed["transactionHash"]), 16) == 42


async def test_an_accounts_transactions_from_both_ends(client: Client) -> None:
    receipts = [await client.send(to=STRANGER, value=5) for _ in range(3)]
    names = [receipt["transactionHash"] for receipt in receipts]
    newest = await client.get("ots_searchTransactionsBefore", STRANGER, 0, 2)
    assert [each["hash"] for each in newest["txs"]] == names[:0:-1]
    assert (newest["firstPage"], newest["lastPage"]) == (True, False)
    assert newest["receipts"][0]["timestamp"] > 0
    rest = await client.get("ots_searchTransactionsBefore", STRANGER, int(receipts[1]["blockNumber"], 16), 2)
    assert [each["hash"] for each in rest["txs"]] == names[:1]
    assert rest["lastPage"]
    oldest = await client.get("ots_searchTransactionsAfter", STRANGER, 0, 2)
    assert [each["hash"] for each in oldest["txs"]] == names[1::-1]
    assert (oldest["firstPage"], oldest["lastPage"]) == (False, True)
    for nonce, name in enumerate(names):
        assert await client.get("ots_getTransactionBySenderAndNonce", ALICE.address, nonce) == name
    assert await client.get("ots_getTransactionBySenderAndNonce", ALICE.address, 99) is None
    assert (await client.refused("ots_searchTransactionsAfter", STRANGER, 0, 101))[0] == -32602
