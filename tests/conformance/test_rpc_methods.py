"""The methods over a whole chain, in JSON: blocks by every name, state at every label, geth's words of refusal."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from eth_account import Account
from eth_utils.address import to_checksum_address
from plain_chain import CHAIN_ID, ETHER, KEYS, PlainChain, open_plain_chain

from contracts.artifact import load_artifact
from rollup.core.ids import Hash
from rpc.settings import RpcSettings

ALICE = Account.from_key(KEYS[0])
STRANGER = to_checksum_address("0x" + "5a" * 20)
COUNTED = "0x6d5ac8cb8937b5a656fc2cba7f07defd379bc116df48f519cfaf883f29438236"
INCREMENT, TOTAL = "0x7cf5dab0", "0x2ddbd13a"


class Client:
    """JSON-RPC without a library in between."""

    def __init__(self, chain: PlainChain, session: ClientSession) -> None:
        self._chain = chain
        self._session = session
        self._nonce = 0

    async def call(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._session.post(self._chain.url, json=body) as response:
            return await response.json()

    async def get(self, method: str, *params: object) -> Any:
        answer = await self.call(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, *params: object) -> tuple[int, str]:
        error = (await self.call(method, *params))["error"]
        return error["code"], error["message"]

    async def send(self, **fields: object) -> Any:
        """Sign with Alice's key, send, return the receipt."""
        base = {"chainId": CHAIN_ID, "nonce": self._nonce, "gas": 500_000, "value": 0, "maxFeePerGas": 2 * 10**9}
        self._nonce += 1
        signed = ALICE.sign_transaction({**base, "maxPriorityFeePerGas": 1, **fields})
        sent = await self.get("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        await self._chain.wait_included(Hash(bytes.fromhex(sent[2:])))
        return await self.get("eth_getTransactionReceipt", sent)

    async def deploy_counter(self) -> str:
        receipt = await self.send(to="", data="0x" + load_artifact("DemoCounter").bytecode.hex())
        return str(to_checksum_address(receipt["contractAddress"]))

    async def increment(self, counter: str, step: int) -> Any:
        return await self.send(to=counter, data=INCREMENT + f"{step:064x}")


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    async with open_plain_chain(tmp_path, RpcSettings(logs_count_max=3)) as running:
        yield running


@pytest.fixture
async def client(chain: PlainChain) -> AsyncIterator[Client]:
    async with ClientSession() as session:
        yield Client(chain, session)


async def test_a_block_has_many_names(client: Client) -> None:
    receipt = await client.send(to=STRANGER, value=5)
    number, block_hash = receipt["blockNumber"], receipt["blockHash"]
    by_number = await client.get("eth_getBlockByNumber", number, False)
    assert await client.get("eth_getBlockByHash", block_hash, False) == by_number
    assert await client.get("eth_getBlockByNumber", "latest", False) == by_number
    whole = await client.get("eth_getBlockByHash", block_hash, True)
    assert [transaction["hash"] for transaction in whole["transactions"]] == by_number["transactions"]
    for name, by in ((number, "Number"), (block_hash, "Hash")):
        assert await client.get(f"eth_getBlockTransactionCountBy{by}", name) == "0x1"
        assert await client.get(f"eth_getUncleCountByBlock{by}", name) == "0x0"
        assert await client.get(f"eth_getUncleByBlock{by}AndIndex", name, "0x0") is None
        found = await client.get(f"eth_getTransactionByBlock{by}AndIndex", name, "0x0")
        assert found == whole["transactions"][0]
        assert await client.get(f"eth_getTransactionByBlock{by}AndIndex", name, "0x1") is None
        assert await client.get("eth_getBlockReceipts", name) == [receipt]
    genesis = await client.get("eth_getBlockByNumber", "earliest", True)
    assert (genesis["number"], genesis["transactions"]) == ("0x0", [])
    assert by_number["parentHash"] == genesis["hash"]


@pytest.mark.parametrize("unknown", ["0x99", "0x" + "77" * 32])
async def test_unknown_blocks_are_null_or_an_error(client: Client, unknown: str) -> None:
    by = "Hash" if len(unknown) == 66 else "Number"
    assert await client.get(f"eth_getBlockBy{by}", unknown, True) is None
    assert await client.get("eth_getBlockReceipts", unknown) is None
    assert await client.get(f"eth_getBlockTransactionCountBy{by}", unknown) is None
    code, words = await client.refused("eth_getBalance", STRANGER, unknown)
    assert code == -32000
    assert words.startswith("header not found")


async def test_state_is_read_at_every_label(client: Client) -> None:
    receipts = [await client.send(to=STRANGER, value=5) for _ in range(3)]
    first = receipts[0]
    for block, balance in (
        ("latest", 15),
        ("pending", 15),
        ("safe", 10),
        ("finalized", 5),
        ("earliest", 0),
        (first["blockNumber"], 5),
        (first["blockHash"], 5),
        ({"blockHash": first["blockHash"], "requireCanonical": True}, 5),
        ({"blockNumber": first["blockNumber"]}, 5),
    ):
        assert await client.get("eth_getBalance", STRANGER, block) == hex(balance)
    assert await client.get("eth_getBalance", STRANGER) == hex(15)
    assert await client.get("eth_getTransactionCount", ALICE.address, "latest") == "0x3"
    assert await client.get("eth_getTransactionCount", ALICE.address, first["blockHash"]) == "0x1"


async def test_pending_nonces_count_the_pool(client: Client) -> None:
    queued = ALICE.sign_transaction(
        {"chainId": CHAIN_ID, "nonce": 1, "gas": 21_000, "to": STRANGER, "value": 0, "gasPrice": 2 * 10**9}
    )
    sent = await client.get("eth_sendRawTransaction", "0x" + bytes(queued.raw_transaction).hex())
    waiting = await client.get("eth_getTransactionByHash", sent)
    assert (waiting["blockHash"], waiting["nonce"]) == (None, "0x1")
    assert await client.get("eth_getTransactionReceipt", sent) is None
    await client.send(to=STRANGER, value=1)
    assert await client.get("eth_getTransactionCount", ALICE.address, "pending") == "0x2"


async def test_code_and_storage(client: Client) -> None:
    counter = await client.deploy_counter()
    await client.increment(counter, 5)
    runtime = load_artifact("DemoCounter").runtime
    assert await client.get("eth_getCode", counter, "latest") == "0x" + runtime.hex()
    assert await client.get("eth_getCode", STRANGER, "latest") == "0x"
    for slot in ("0x0", "0x" + "00" * 32):
        assert await client.get("eth_getStorageAt", counter, slot, "latest") == f"0x{5:064x}"
    assert await client.get("eth_getStorageAt", STRANGER, "0x0", "latest") == "0x" + "00" * 32
    assert await client.refused("eth_getStorageAt", STRANGER, "0xasdf", "latest") == (
        -32602,
        'invalid argument 1: invalid hex in storage key: "0xasdf"',
    )


async def test_calls_and_estimates(client: Client) -> None:
    counter = await client.deploy_counter()
    first = await client.increment(counter, 5)
    await client.increment(counter, 6)
    assert await client.get("eth_call", {"to": counter, "data": TOTAL}, "latest") == f"0x{11:064x}"
    assert await client.get("eth_call", {"to": counter, "input": TOTAL}, first["blockNumber"]) == f"0x{5:064x}"
    override = {counter: {"stateDiff": {f"0x{0:064x}": f"0x{99:064x}"}}}
    assert await client.get("eth_call", {"to": counter, "data": TOTAL}, "latest", override) == f"0x{99:064x}"
    assert await client.get("eth_estimateGas", {"to": STRANGER, "from": ALICE.address, "value": "0x1"}) == hex(21_000)
    estimate = await client.get("eth_estimateGas", {"to": counter, "data": INCREMENT + f"{7:064x}"})
    receipt = await client.send(to=counter, data=INCREMENT + f"{7:064x}", gas=int(estimate, 16))
    assert receipt["status"] == "0x1"


async def test_failing_calls_say_why(client: Client) -> None:
    counter = await client.deploy_counter()
    for method in ("eth_call", "eth_estimateGas"):
        answer = await client.call(method, {"to": counter, "data": INCREMENT + "00" * 32})
        assert answer["error"] == {"code": 3, "message": "execution reverted", "data": "0xb4a383b3"}
    rich = {"from": STRANGER, "to": counter, "value": hex(ETHER)}
    code, words = await client.refused("eth_call", rich, "latest")
    assert (code, words.startswith("insufficient funds for gas * price + value")) == (-32000, True)
    endless = {"data": "0x5b600056"}
    code, words = await client.refused("eth_call", endless | {"gas": "0x186a0"}, "latest")
    assert (code, words) == (-32000, "out of gas")
    code, words = await client.refused("eth_call", {"to": counter, "chainId": "0x1"}, "latest")
    assert (code, words) == (-32000, f"chainId does not match node's (have=1, want={CHAIN_ID})")


async def test_logs_are_found_by_address_topic_and_block(client: Client) -> None:
    counter = await client.deploy_counter()
    receipts = [await client.increment(counter, step) for step in (1, 2, 3)]
    account = "0x" + ALICE.address[2:].lower().rjust(64, "0")
    logs = [receipt["logs"][0] for receipt in receipts]
    everything = {"fromBlock": "0x0", "toBlock": "latest"}
    assert await client.get("eth_getLogs", everything) == logs
    assert await client.get("eth_getLogs", everything | {"address": counter, "topics": [COUNTED]}) == logs
    assert await client.get("eth_getLogs", everything | {"topics": [None, [account, COUNTED]]}) == logs
    assert await client.get("eth_getLogs", everything | {"topics": [[], account]}) == logs
    assert await client.get("eth_getLogs", everything | {"topics": [account]}) == []
    assert await client.get("eth_getLogs", everything | {"topics": [None, None, None]}) == []
    assert await client.get("eth_getLogs", everything | {"address": [STRANGER]}) == []
    assert await client.get("eth_getLogs", {"blockHash": receipts[1]["blockHash"]}) == logs[1:2]
    assert await client.get("eth_getLogs", {"fromBlock": receipts[1]["blockNumber"]}) == logs[1:]
    assert await client.get("eth_getLogs", {}) == logs[2:]


async def test_bad_log_ranges_are_refused(client: Client) -> None:
    counter = await client.deploy_counter()
    refused = client.refused
    assert await refused("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0x9"}) == (
        -32602,
        "block range extends beyond current head block",
    )
    assert await refused("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0x0"}) == (
        -32602,
        "invalid block range params",
    )
    assert await refused("eth_getLogs", {"blockHash": "0x" + "77" * 32}) == (-32000, "unknown block")
    for step in (1, 2, 3, 4):
        await client.increment(counter, step)
    code, words = await refused("eth_getLogs", {"fromBlock": "0x0"})
    assert code == -32005
    assert words.startswith("query exceeds max results: more than 3 logs in blocks 0 to ")


async def test_a_range_over_the_cap_is_refused_by_name(tmp_path: Path) -> None:
    async with open_plain_chain(tmp_path, RpcSettings(logs_range_max=1)) as chain, ClientSession() as session:
        client = Client(chain, session)
        await client.send(to=STRANGER, value=5)
        answer = await client.refused("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x1"})
        assert answer == (-32602, "exceed maximum block range: 1")
        assert await client.get("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0x1"}) == []


async def test_refused_transactions_have_geths_words(client: Client) -> None:
    async def refused(**fields: object) -> tuple[int, str]:
        base = {"chainId": CHAIN_ID, "nonce": 0, "gas": 21_000, "to": STRANGER, "value": 0, "gasPrice": 2 * 10**9}
        raw = bytes(ALICE.sign_transaction(base | fields).raw_transaction)
        return await client.refused("eth_sendRawTransaction", "0x" + raw.hex())

    assert (await refused(gas=20_999))[1].startswith("intrinsic gas too low")
    assert (await refused(chainId=1))[1].startswith("invalid chain id for signer")
    assert (await refused(value=10**6 * ETHER))[1].startswith("insufficient funds for gas * price + value")
    await client.send(to=STRANGER)
    assert (await refused())[1].startswith("nonce too low")
    for raw in ("0x", "0x02", "0xc0", "0x7e01"):
        code, _ = await client.refused("eth_sendRawTransaction", raw)
        assert code == -32000
    assert (await client.refused("eth_sendRawTransaction", "02"))[0] == -32602


async def test_identity(client: Client) -> None:
    assert await client.get("eth_chainId") == hex(CHAIN_ID)
    assert await client.get("net_version") == str(CHAIN_ID)
    assert await client.get("net_listening") is True
    assert await client.get("net_peerCount") == "0x0"
    assert await client.get("eth_accounts") == []
    assert await client.get("eth_syncing") is False
    assert await client.get("web3_sha3", "0x68656c6c6f20776f726c64") == (
        "0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad"
    )
    assert (await client.get("rpc_modules"))["eth"] == "1.0"
