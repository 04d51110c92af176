"""What a browser wallet asks, in MetaMask's order and with its parameters (its open-source core: network, gas-fee,
transaction and block-tracker controllers), and each field of the answers that it reads.
"""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from eth_account import Account
from plain_chain import CHAIN_ID, ETHER, PlainChain, open_plain_chain

from contracts import encode_constructor, load_artifact
from rollup.core.hashes import keccak

EXTENSION = {"Origin": "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn", "Accept": "application/json"}
STRANGER = "0x00000000000000000000000000000000000000aa"
PERCENTILES = [10, 20, 30]
BALANCE_OF = "0x" + keccak(b"balanceOf(address)")[:4].hex()
RECEIPT_FIELDS = {
    "blockHash",
    "blockNumber",
    "contractAddress",
    "cumulativeGasUsed",
    "effectiveGasPrice",
    "from",
    "gasUsed",
    "logs",
    "logsBloom",
    "status",
    "to",
    "transactionHash",
    "transactionIndex",
    "type",
}


@dataclass(frozen=True)
class Wallet:
    """Speaks as the extension's service worker does. Ids are random integers up to 2**53 there."""

    chain: PlainChain
    session: ClientSession
    ids: Any = field(default_factory=lambda: itertools.count(2**53 - 1000))

    @property
    def account(self) -> Any:
        return Account.from_key(self.chain.keys[0])

    async def post(self, body: object) -> Any:
        """Whatever is not status 200 with JSON is an endpoint that is down, to a wallet."""
        async with self.session.post(self.chain.url, json=body, headers=EXTENSION) as response:
            assert (response.status, response.content_type) == (200, "application/json")
            return await response.json()

    async def ask(self, method: str, *params: object) -> Any:
        request_id = next(self.ids)
        answer = await self.post({"id": request_id, "jsonrpc": "2.0", "method": method, "params": params})
        assert answer == {"id": request_id, "jsonrpc": "2.0", "result": answer.get("result")}
        return answer["result"]

    async def sign_and_send(self, **fields: object) -> str:
        signed = self.account.sign_transaction({"chainId": CHAIN_ID, **fields})
        tx_hash = await self.ask("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
        assert tx_hash == "0x" + signed.hash.hex()
        return str(tx_hash)

    async def wait_confirmed(self, tx_hash: str) -> Any:
        """The block tracker asks for the number, the pending tracker for the receipt, which is null and no error."""
        await self.chain.wait_included(bytes.fromhex(tx_hash[2:]))  # type: ignore[arg-type]
        assert quantity(await self.ask("eth_blockNumber")) > 0
        return await self.ask("eth_getTransactionReceipt", tx_hash)


def quantity(value: object) -> int:
    """A number as wallets parse it: 0x, no leading zeros."""
    assert isinstance(value, str)
    assert value == hex(int(value, 16))
    return int(value, 16)


@pytest.fixture
async def wallet(tmp_path: Path) -> AsyncIterator[Wallet]:
    async with open_plain_chain(tmp_path) as chain, ClientSession() as session:
        yield Wallet(chain, session)


async def test_a_network_is_added(wallet: Wallet) -> None:
    """The chain id must be the one that the user (or the page) named; the latest block tells how fees work."""
    assert await wallet.ask("eth_chainId") == hex(CHAIN_ID)
    assert await wallet.ask("net_version") == str(CHAIN_ID)
    latest = await wallet.ask("eth_getBlockByNumber", "latest", False)
    assert quantity(latest["baseFeePerGas"]) > 0
    assert quantity(latest["number"]) == quantity(await wallet.ask("eth_blockNumber"))
    assert quantity(latest["gasLimit"]) > 21_000
    assert quantity(latest["timestamp"]) > 0
    assert all(isinstance(each, str) for each in latest["transactions"])


async def test_balances_are_read_by_tag_and_by_the_number_that_was_polled(wallet: Wallet) -> None:
    """The middleware puts the polled number in place of ``latest``; an answer of null would make it ask again."""
    number = await wallet.ask("eth_blockNumber")
    for account, balance in ((wallet.account.address.lower(), 1000 * ETHER), (STRANGER, 0)):
        for block in ("latest", number):
            assert quantity(await wallet.ask("eth_getBalance", account, block)) == balance


async def test_code_and_nonce_are_read_without_a_block(wallet: Wallet) -> None:
    assert await wallet.ask("eth_getCode", STRANGER) == "0x"
    assert await wallet.ask("eth_getTransactionCount", wallet.account.address) == "0x0"
    number = await wallet.ask("eth_blockNumber")
    assert await wallet.ask("eth_getTransactionCount", wallet.account.address, number) == "0x0"


async def test_fees_are_suggested_from_the_last_five_blocks(wallet: Wallet) -> None:
    await send_coins(wallet, nonces=6)
    latest = await wallet.ask("eth_getBlockByNumber", "latest", False)
    count = min(5, quantity(latest["number"]))
    history = await wallet.ask("eth_feeHistory", hex(count), latest["number"], PERCENTILES)
    assert quantity(history["oldestBlock"]) == quantity(latest["number"]) - count + 1
    assert len(history["baseFeePerGas"]) == count + 1
    assert quantity(history["baseFeePerGas"][-2]) == quantity(latest["baseFeePerGas"])
    assert [len(each) for each in history["reward"]] == [len(PERCENTILES)] * count
    assert all(quantity(tip) >= 0 for each in history["reward"] for tip in each)
    assert len(history["gasUsedRatio"]) == count
    assert all(0 <= ratio <= 1 for ratio in history["gasUsedRatio"])
    assert quantity(await wallet.ask("eth_gasPrice")) > quantity(history["baseFeePerGas"][-1])


async def send_coins(wallet: Wallet, nonces: int) -> None:
    latest = await wallet.ask("eth_getBlockByNumber", "latest", False)
    fees = {"maxFeePerGas": 3 * quantity(latest["baseFeePerGas"]), "maxPriorityFeePerGas": 10**6}
    for nonce in range(nonces):
        sent = await wallet.sign_and_send(nonce=nonce, to=bytes(20), value=1, gas=21_000, type=2, **fees)
        await wallet.wait_confirmed(sent)


async def test_coins_are_sent_and_confirmed(wallet: Wallet) -> None:
    """Estimate with the fields as they lie in the wallet's transaction, nonce, send, poll, block of the receipt."""
    sender = wallet.account.address.lower()
    latest = await wallet.ask("eth_getBlockByNumber", "latest", False)
    draft = {"from": sender, "to": STRANGER, "value": "0xde0b6b3a7640000", "type": "0x2"}
    gas = quantity(await wallet.ask("eth_estimateGas", draft))
    assert gas == 21_000
    assert await wallet.ask("eth_getTransactionCount", sender, "pending") == "0x0"
    fees = {"maxFeePerGas": 2 * quantity(latest["baseFeePerGas"]) + 10**6, "maxPriorityFeePerGas": 10**6}
    assert await wallet.ask("eth_getTransactionReceipt", "0x" + "11" * 32) is None
    sent = await wallet.sign_and_send(nonce=0, to=bytes.fromhex(STRANGER[2:]), value=ETHER, gas=gas, type=2, **fees)
    receipt = await wallet.wait_confirmed(sent)
    assert set(receipt) == RECEIPT_FIELDS
    assert (receipt["status"], receipt["type"], receipt["contractAddress"]) == ("0x1", "0x2", None)
    assert (receipt["from"], receipt["to"], receipt["transactionHash"]) == (sender, STRANGER, sent)
    assert (quantity(receipt["gasUsed"]), receipt["logs"]) == (21_000, [])
    block = await wallet.ask("eth_getBlockByHash", receipt["blockHash"], False)
    assert (block["number"], block["hash"]) == (receipt["blockNumber"], receipt["blockHash"])
    assert sent in block["transactions"]
    price = quantity(block["baseFeePerGas"]) + 10**6
    assert quantity(receipt["effectiveGasPrice"]) == price
    assert await wallet.ask("eth_getTransactionCount", sender) == "0x1"
    left = 999 * ETHER - 21_000 * price
    assert quantity(await wallet.ask("eth_getBalance", sender, receipt["blockNumber"])) == left
    found = await wallet.ask("eth_getTransactionByHash", sent)
    assert (found["blockHash"], found["nonce"], found["from"]) == (receipt["blockHash"], "0x0", sender)


async def test_a_token_is_watched_and_sent(wallet: Wallet) -> None:
    artifact, owner = load_artifact("DemoToken"), wallet.account.address.lower()
    creation = encode_constructor(artifact, ["Demo", "DEMO", owner, 5 * ETHER])
    price = quantity(await wallet.ask("eth_gasPrice")) * 2
    deployed = await wallet.sign_and_send(nonce=0, to=b"", data=creation, gas=3_000_000, gasPrice=price)
    token = (await wallet.wait_confirmed(deployed))["contractAddress"]
    assert len(await wallet.ask("eth_getCode", token)) > 2
    decimals = await wallet.ask("eth_call", {"to": token, "data": "0x313ce567"}, "latest")
    assert int(decimals, 16) == 18
    held = {"to": token, "data": BALANCE_OF + owner[2:].rjust(64, "0")}
    assert int(await wallet.ask("eth_call", held, await wallet.ask("eth_blockNumber")), 16) == 5 * ETHER
    transfer = "0xa9059cbb" + STRANGER[2:].rjust(64, "0") + f"{ETHER:064x}"
    draft = {"from": owner, "to": token, "value": "0x0", "data": transfer, "type": "0x2"}
    gas = quantity(await wallet.ask("eth_estimateGas", draft)) * 3 // 2  # the wallet's buffer
    to = bytes.fromhex(token[2:])
    sent = await wallet.sign_and_send(nonce=1, to=to, data=transfer, gas=gas, gasPrice=price)
    (log,) = (await wallet.wait_confirmed(sent))["logs"]
    assert (log["address"], log["transactionHash"], log["removed"]) == (token, sent, False)
    assert int(log["data"], 16) == ETHER


async def test_a_refusal_carries_words_and_a_failed_estimate_its_data(wallet: Wallet) -> None:
    """``error`` is an object with an integer code and a message; a wallet shows the latter."""
    poor = {"from": STRANGER, "to": wallet.account.address, "value": hex(ETHER)}
    asked = {"id": 7, "jsonrpc": "2.0", "method": "eth_estimateGas", "params": [poor]}
    error = (await wallet.post(asked))["error"]
    assert isinstance(error["code"], int)
    assert "insufficient funds" in error["message"]


@pytest.mark.parametrize("request_id", ["3f8a-page", 9_007_199_254_740_991, 0])
async def test_a_page_chooses_its_ids_and_batches(wallet: Wallet, request_id: object) -> None:
    asked = [
        {"id": request_id, "jsonrpc": "2.0", "method": "eth_chainId"},
        {"id": "balance", "jsonrpc": "2.0", "method": "eth_getBalance", "params": [wallet.account.address, "latest"]},
        {"id": 3, "jsonrpc": "2.0", "method": "wallet_unknown", "params": []},
    ]
    by_id = {answer["id"]: answer for answer in await wallet.post(asked)}
    assert by_id[request_id]["result"] == hex(CHAIN_ID)
    assert quantity(by_id["balance"]["result"]) == 1000 * ETHER
    assert by_id[3]["error"]["code"] == -32601
