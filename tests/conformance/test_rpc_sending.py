"""Sending in one call: eth_sendRawTransactionSync (EIP-7966), and the accounts that a devnet signs for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from plain_chain import CHAIN_ID, ETHER, KEYS, PlainChain, open_plain_chain

from contracts.artifact import load_artifact
from node.dev_wallet import DevWallet
from rollup.core.hashes import address_of
from rpc.settings import RpcSettings

ALICE, BOB = ("0x" + address_of(key).hex() for key in KEYS[:2])
STRANGER = "0x" + "77" * 20


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    settings = RpcSettings(sync_wait_s=5.0, sync_wait_max_s=6.0)
    async with open_plain_chain(tmp_path, settings, DevWallet(KEYS[:2])) as running:
        yield running


async def call(chain: PlainChain, method: str, *params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with aiohttp.ClientSession() as session, session.post(chain.url, json=body) as answer:
        document = await answer.json()
        return document["error"] if "error" in document else document["result"]


def sign(nonce: int, **more: object) -> str:
    fields = {"nonce": nonce, "gas": 21_000, "gasPrice": 10**10, "to": bytes(20), "value": 1, "chainId": CHAIN_ID}
    return "0x" + Account.sign_transaction(fields | more, KEYS[2]).raw_transaction.hex()


async def test_the_receipt_comes_with_the_answer(chain: PlainChain) -> None:
    receipts = await asyncio.gather(*(call(chain, "eth_sendRawTransactionSync", sign(n), hex(5_000)) for n in range(5)))
    assert [receipt["status"] for receipt in receipts] == ["0x1"] * 5
    assert receipts[3] == await call(chain, "eth_getTransactionReceipt", receipts[3]["transactionHash"])
    assert (await call(chain, "eth_sendRawTransactionSync", sign(5), 5_000))["status"] == "0x1"
    assert (await call(chain, "eth_sendRawTransactionSync", sign(6)))["status"] == "0x1"
    assert (await call(chain, "eth_sendRawTransactionSync", sign(6)))["message"].startswith("nonce too low")
    assert (await call(chain, "eth_sendRawTransactionSync", sign(7), "soon"))["code"] == -32602


async def test_a_gap_is_told_at_once_and_a_wait_ends(chain: PlainChain) -> None:
    gap = await call(chain, "eth_sendRawTransactionSync", sign(2))
    assert (gap["code"], gap["data"]) == (6, "0x0")
    cheap = await call(chain, "eth_sendRawTransactionSync", sign(0, gasPrice=1_000_000), hex(50))
    assert cheap["code"] == 4, cheap
    assert cheap["message"] == "The transaction was added to the transaction pool but wasn't processed in 0.05s"
    assert (await call(chain, "eth_getTransactionByHash", cheap["data"]))["blockNumber"] is None


async def test_a_devnets_accounts_sign_and_send(chain: PlainChain) -> None:
    assert await call(chain, "eth_accounts") == [ALICE, BOB]
    sent = await call(chain, "eth_sendTransaction", {"from": ALICE, "to": STRANGER, "value": hex(ETHER)})
    await chain.wait_included(bytes.fromhex(sent[2:]))
    assert await call(chain, "eth_getBalance", STRANGER) == hex(ETHER)
    artifact = load_artifact("DemoCounter")
    sent = await call(chain, "eth_sendTransaction", {"from": ALICE, "data": "0x" + artifact.bytecode.hex()})
    await chain.wait_included(bytes.fromhex(sent[2:]))
    assert (await call(chain, "eth_getTransactionReceipt", sent))["status"] == "0x1"
    signed = await call(
        chain,
        "eth_signTransaction",
        {"from": BOB, "to": STRANGER, "gasPrice": hex(10**10), "accessList": [{"address": ALICE, "storageKeys": []}]},
    )
    sent = await call(chain, "eth_sendRawTransaction", signed)
    await chain.wait_included(bytes.fromhex(sent[2:]))
    mined = await call(chain, "eth_getTransactionByHash", sent)
    assert (mined["from"], mined["type"]) == (BOB, "0x1")


async def test_a_message_is_signed_as_wallets_sign(chain: PlainChain) -> None:
    signature = await call(chain, "eth_sign", ALICE, "0x" + b"hello".hex())
    assert Account.recover_message(encode_defunct(b"hello"), signature=signature).lower() == ALICE
    assert await call(chain, "personal_sign", "0x" + b"hello".hex(), ALICE) == signature


async def test_foreign_accounts_are_refused(chain: PlainChain) -> None:
    unknown = {"code": -32000, "message": "unknown account"}
    assert await call(chain, "eth_sign", STRANGER, "0x") == unknown
    assert await call(chain, "eth_sendTransaction", {"from": STRANGER}) == unknown
    assert (await call(chain, "eth_sendTransaction", {}))["message"] == "from not found"
    wrong_chain = await call(chain, "eth_sendTransaction", {"from": ALICE, "chainId": "0x1"})
    assert wrong_chain["message"].startswith("chainId does not match")


async def test_without_keys_nothing_signs(tmp_path: Path) -> None:
    async with open_plain_chain(tmp_path) as plain:
        assert await call(plain, "eth_accounts") == []
        for method in ("eth_sign", "eth_signTransaction", "eth_sendTransaction", "personal_sign"):
            assert (await call(plain, method, {}))["code"] == -32601
