"""Simulations, proofs, access lists and raw encodings over a whole chain, in JSON and in the specification's codes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import rlp
from aiohttp import ClientSession
from eth_account import Account
from eth_utils.address import to_checksum_address
from plain_chain import CHAIN_ID, KEYS, PlainChain, open_plain_chain
from trie import HexaryTrie

from rollup.core.hashes import keccak
from rollup.core.ids import Hash

ALICE = Account.from_key(KEYS[0])
A, B, C = ("0x" + f"{byte:02x}" * 20 for byte in (0xC0, 0xC1, 0xC2))
ME = ALICE.address.lower()
STORE = "0x602a5f55602a5f5260205ff3"  # slot 0 := 42, return it
REVERT = "0x5f5ffd"
INVALID = "0xfe"
ETHER = "0xde0b6b3a7640000"


class Asker:
    """JSON-RPC without a library in between."""

    def __init__(self, chain: PlainChain, session: ClientSession) -> None:
        self._chain = chain
        self._session = session

    async def call(self, method: str, *params: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._session.post(self._chain.url, json=body) as response:
            return await response.json()

    async def get(self, method: str, *params: object) -> Any:
        answer = await self.call(method, *params)
        assert "error" not in answer, answer
        return answer["result"]

    async def refused(self, method: str, *params: object) -> int:
        answer = await self.call(method, *params)
        assert "error" in answer, answer
        return int(answer["error"]["code"])

    async def simulate(self, *steps: dict[str, object], **more: object) -> Any:
        return await self.get("eth_simulateV1", {"blockStateCalls": steps, **more}, "latest")

    async def refused_simulation(self, *steps: dict[str, object], **more: object) -> int:
        return await self.refused("eth_simulateV1", {"blockStateCalls": steps, **more}, "latest")

    async def deploy(self, runtime: str) -> str:
        """A contract with this code."""
        code = bytes.fromhex(runtime[2:])
        init = bytes([0x60, len(code), 0x60, 11, 0x5F, 0x39, 0x60, len(code), 0x5F, 0xF3, 0]) + code
        fields = {"chainId": CHAIN_ID, "nonce": 0, "gas": 200_000, "gasPrice": 2 * 10**9, "value": 0, "data": init}
        sent = await self.get(
            "eth_sendRawTransaction", "0x" + bytes(ALICE.sign_transaction(fields).raw_transaction).hex()
        )
        await self._chain.wait_included(Hash(bytes.fromhex(sent[2:])))
        receipt = await self.get("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1"
        return str(receipt["contractAddress"])


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    async with open_plain_chain(tmp_path) as chain, ClientSession() as session:
        yield Asker(chain, session)


HEADER = [
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
]
NUMBERS = frozenset(
    ["difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"]
)


def hash_of(block: dict[str, Any]) -> str:
    """The block hash, from the JSON alone."""
    fields = [
        rlp.sedes.big_endian_int.serialize(int(block[name], 16)) if name in NUMBERS else bytes_of(block[name])
        for name in HEADER
    ]
    return "0x" + keccak(rlp.encode(fields)).hex()


def bytes_of(shown: str) -> bytes:
    return bytes.fromhex(shown[2:])


def unsigned(transaction: dict[str, Any]) -> bytes:
    """The envelope of an EIP-1559 transaction that nobody signed, from the JSON alone."""
    numbers = [
        int(transaction[name], 16) for name in ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas")
    ]
    to = bytes_of(transaction["to"]) if transaction["to"] else b""
    rest = [to, int(transaction["value"], 16), bytes_of(transaction["input"]), [], 0, 0, 0]
    return b"\x02" + rlp.encode([*numbers, *rest])


async def test_blocks_hash_to_what_they_say(asker: Asker) -> None:
    pay = {"from": ME, "to": A, "value": "0x1"}
    made = await asker.simulate({"calls": [pay, pay]}, {}, {"calls": [pay]}, returnFullTransactions=True)
    latest = await asker.get("eth_getBlockByNumber", "latest", False)
    assert hash_of(latest) == latest["hash"]
    assert [hash_of(block) for block in made] == [block["hash"] for block in made]
    assert [block["parentHash"] for block in made] == [latest["hash"], *(block["hash"] for block in made[:-1])]
    for block in made:
        trie = HexaryTrie({})
        for index, transaction in enumerate(block["transactions"]):
            raw = unsigned(transaction)
            trie[rlp.encode(index)] = raw
            assert transaction["hash"] == "0x" + keccak(raw).hex()
            assert transaction["blockHash"] == block["hash"]
        assert block["transactionsRoot"] == "0x" + trie.root_hash.hex()
    short = await asker.simulate({"calls": [pay, pay]})
    assert short[0]["transactions"] == [transaction["hash"] for transaction in made[0]["transactions"]]


async def test_outcomes_of_calls(asker: Asker) -> None:
    overrides = {A: {"code": STORE}, B: {"code": REVERT}, C: {"code": INVALID}}
    calls = [{"from": ME, "to": each, "gas": "0x186a0"} for each in (A, B, C)]
    ((made),) = await asker.simulate({"stateOverrides": overrides, "calls": calls})
    stored, reverted, failed = made["calls"]
    assert (stored["status"], int(stored["returnData"], 16), stored["logs"]) == ("0x1", 42, [])
    assert reverted["error"] == {"code": 3, "message": "execution reverted", "data": "0x"}
    assert failed["error"] == {"code": -32015, "message": "invalid opcode: INVALID"}
    assert (failed["gasUsed"], failed["maxUsedGas"], failed["status"]) == ("0x186a0", "0x186a0", "0x0")


async def test_transfers_as_logs(asker: Asker) -> None:
    step = {"calls": [{"from": ME, "to": A, "value": "0x1"}, {"from": ME, "to": B, "value": "0x2"}]}
    (made,) = await asker.simulate(step, traceTransfers=True)
    logs = [log for call in made["calls"] for log in call["logs"]]
    assert [log["logIndex"] for log in logs] == ["0x0", "0x1"]
    assert {log["address"] for log in logs} == {"0x" + "ee" * 20}
    assert {log["blockHash"] for log in logs} == {made["hash"]}
    assert [log["transactionHash"] for log in logs] == made["transactions"]
    assert made["logsBloom"] == "0x" + "00" * 256


STRICT = {"validation": True}
REFUSALS = [
    ({"calls": [{"from": A, "to": B, "value": "0x1"}]}, {}, -38014),
    ({"calls": [{"from": ME, "to": B}]}, STRICT, -38012),
    ({"calls": [{"from": ME, "to": B, "nonce": "0x9", "maxFeePerGas": ETHER}]}, STRICT, -38011),
    (
        {"stateOverrides": {ME: {"nonce": "0x9"}}, "calls": [{"from": ME, "nonce": "0x1"}]},
        STRICT,
        -38010,
    ),
    ({"calls": [{"from": ME, "to": B, "gas": "0x5207"}]}, {}, -38013),
    ({"calls": [{"from": ME, "to": B, "gas": "0xffffffff"}]}, {}, -38015),
    ({"calls": [{"from": ME, "input": "0x" + "00" * 50_000}]}, {}, -38025),
    ({"blockOverrides": {"number": "0x0"}}, {}, -38020),
    ({"blockOverrides": {"time": "0x1"}}, {}, -38021),
    ({"blockOverrides": {"number": "0xffff"}}, {}, -38026),
    ({"stateOverrides": {A: {"movePrecompileToAddress": B}}}, {}, -32000),
    ({"stateOverrides": {A: {"state": {}, "stateDiff": {}}}}, {}, -32602),
    ({"calls": [{"from": "0x1"}]}, {}, -32602),
    ({"calls": [{"from": ME, "chainId": "0x1"}]}, {}, -32000),
    ({"calls": 7}, {}, -32602),
]


async def test_codes_of_refusal(asker: Asker) -> None:
    codes = [await asker.refused_simulation(step, **more) for step, more, _ in REFUSALS]
    assert codes == [code for _, _, code in REFUSALS]


async def test_requests_that_make_no_sense(asker: Asker) -> None:
    assert await asker.refused_simulation() == -32602
    assert await asker.refused_simulation(*[{}] * 257) == -38026
    assert await asker.refused("eth_simulateV1", {}) == -32602
    assert await asker.refused("eth_simulateV1", {"blockStateCalls": [{}]}, "0x99") == -32000


async def test_proofs_hold_under_the_state_root(asker: Asker) -> None:
    contract = await asker.deploy(STORE)
    block = await asker.get("eth_getBlockByNumber", "latest", False)
    word = "0x" + "00" * 32
    proof = await asker.get("eth_getProof", contract, ["0x0", word], block["hash"])
    nodes = [rlp.decode(bytes_of(node)) for node in proof["accountProof"]]
    encoded = HexaryTrie.get_from_proof(bytes_of(block["stateRoot"]), keccak(bytes_of(contract)), nodes)
    nonce, balance, storage, code = rlp.decode(encoded)
    assert (nonce, balance) == (b"\x01", b"")
    assert (proof["storageHash"], proof["codeHash"]) == ("0x" + storage.hex(), "0x" + code.hex())
    assert [each["key"] for each in proof["storageProof"]] == ["0x0", word]
    assert [each["value"] for each in proof["storageProof"]] == ["0x0", "0x0"]
    values = await asker.get("eth_getStorageValues", {contract: [word], A: ["0x1"]})
    assert values == {contract: [word], A: [word]}
    assert await asker.refused("eth_getStorageValues", {A: []}) == -32602
    assert await asker.refused("eth_getProof", A, ["0x0"] * 1025) == -32602
    assert await asker.refused("eth_getProof", A, ["0xzz"]) == -32602


async def test_overrides_of_a_block_in_calls(asker: Asker) -> None:
    number = {A: {"code": "0x435f5260205ff3"}}
    call = {"from": ME, "to": A}
    assert int(await asker.get("eth_call", call, "latest", number, {"number": "0x64"}), 16) == 100
    assert int(await asker.get("eth_estimateGas", call, "latest", number, {"number": "0x64"}), 16) > 21_000
    assert await asker.refused("eth_call", call, "latest", {}, {"beaconRoot": "0x" + "00" * 32}) == -32000


async def test_access_lists(asker: Asker) -> None:
    contract = await asker.deploy(STORE)
    found = await asker.get("eth_createAccessList", {"from": ME, "to": contract})
    assert found["accessList"] == [{"address": contract, "storageKeys": ["0x" + "00" * 32]}]
    failed = await asker.get("eth_createAccessList", {"from": ME, "to": A}, "latest", {A: {"code": REVERT}})
    assert failed["error"] == "execution reverted"


async def test_raw_encodings_hash_to_what_they_are(asker: Asker) -> None:
    await asker.deploy(STORE)
    block = await asker.get("eth_getBlockByNumber", "latest", False)
    header = bytes_of(await asker.get("debug_getRawHeader", "latest"))
    whole = bytes_of(await asker.get("debug_getRawBlock", block["hash"]))
    transaction = bytes_of(await asker.get("debug_getRawTransaction", block["transactions"][0]))
    receipts = [bytes_of(each) for each in await asker.get("debug_getRawReceipts", block["number"])]
    assert "0x" + keccak(header).hex() == block["hash"]
    assert (rlp.decode(whole)[0], len(whole)) == (rlp.decode(header), int(block["size"], 16))
    assert "0x" + keccak(transaction).hex() == block["transactions"][0]
    trie = HexaryTrie({rlp.encode(0): receipts[0]})
    trie[rlp.encode(0)] = receipts[0]
    assert "0x" + trie.root_hash.hex() == block["receiptsRoot"]
    assert await asker.get("debug_getRawTransaction", "0x" + "77" * 32) == "0x"
    assert await asker.refused("debug_getRawBlock", "0x99") == -32000
    assert await asker.get("debug_getBadBlocks") == []
    assert await asker.get("eth_getBlockAccessList", "latest") is None
    assert await asker.refused("debug_getRawBlockAccessList", "latest") == -32001


async def test_the_pool_shows_what_waits(asker: Asker) -> None:
    assert await asker.get("txpool_status") == {"pending": "0x0", "queued": "0x0"}
    fields = {
        "chainId": CHAIN_ID,
        "nonce": 3,
        "gas": 21_000,
        "gasPrice": 2 * 10**9,
        "to": to_checksum_address(A),
        "value": 5,
    }
    sent = await asker.get("eth_sendRawTransaction", "0x" + bytes(ALICE.sign_transaction(fields).raw_transaction).hex())
    assert await asker.get("txpool_status") == {"pending": "0x0", "queued": "0x1"}
    content = await asker.get("txpool_content")
    shown = content["queued"][ALICE.address]["3"]
    assert (content["pending"], shown["hash"], shown["blockHash"]) == ({}, sent, None)
    assert await asker.get("txpool_contentFrom", ME) == {"pending": {}, "queued": {"3": shown}}
    assert await asker.get("txpool_contentFrom", A) == {"pending": {}, "queued": {}}
    line = f"{to_checksum_address(A)}: 5 wei + 21000 gas × 2000000000 wei"
    assert (await asker.get("txpool_inspect"))["queued"] == {ALICE.address: {"3": line}}
    assert await asker.get("eth_pendingTransactions") == []


async def test_what_the_node_can_do(asker: Asker) -> None:
    latest = await asker.get("eth_getBlockByNumber", "latest", False)
    capabilities = await asker.get("eth_capabilities")
    assert capabilities["head"] == {"number": latest["number"], "hash": latest["hash"]}
    assert capabilities["stateproofs"] == {"disabled": False, "oldestBlock": "0x0"}
    config = await asker.get("eth_config")
    assert (config["next"], config["last"], config["current"]["chainId"]) == (None, None, hex(CHAIN_ID))
    assert config["current"]["precompiles"]["BLS12_G1ADD"] == "0x" + f"{0xB:040x}"
    assert len(bytes_of(config["current"]["forkId"])) == 4
    fees = await asker.get("eth_feeHistory", "0x1", "latest", [])
    assert await asker.get("eth_baseFee") == fees["baseFeePerGas"][-1]
    assert await asker.get("eth_coinbase") == latest["miner"]
