"""The EVM connector against a node that contradicts itself, refuses, or changes under the reading."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ledger_suite import ROLLUP_ID, build_batches
from scripted_node import RpcFault, ScriptedNode, serve_node

from contracts import BATCH_POSTED_TOPIC, encode_post_batch
from ledgers.evm.connector import EvmLedger, EvmRules
from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.batch import Batch
from rollup.core.errors import LedgerReorged, LedgerUnavailable, WrongLedger
from rollup.core.genesis import FinalityRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, LedgerId

CONTRACT = Address(bytes(keccak(b"contract"))[:20])
RULES = EvmRules(LedgerId("eip155:5"), CONTRACT, ROLLUP_ID, FinalityRule.TAG)


def hash_at(height: int) -> str:
    return "0x" + keccak(b"block %d" % height).hex()


class ScriptedChain:
    """Blocks 0..``tip`` with one posting per batch, from height 10 on."""

    def __init__(self, batches: list[Batch], tip: int) -> None:
        self.tip = tip
        self.finalized: int | None = None
        self.chain_id = 5
        self.span_max = 10_000
        self.hashes: dict[int, str] = {}
        self.logs = [self._log(batch, 10 + index) for index, batch in enumerate(batches)]
        self.transactions = {
            log["transactionHash"]: self._transaction(batch, log) for batch, log in zip(batches, self.logs, strict=True)
        }

    def answers(self) -> dict[str, object]:
        return {
            "eth_chainId": lambda: hex(self.chain_id),
            "eth_getBlockByNumber": self._block,
            "eth_getLogs": self._get_logs,
            "eth_getTransactionByHash": self.transactions.get,
        }

    def _block(self, tag: str, full: bool) -> object:
        heights = {"latest": self.tip, "finalized": self.finalized}
        height = heights[tag] if tag in heights else int(tag, 16)
        if height is None or height > self.tip:
            return None
        return {
            "number": hex(height),
            "hash": self.hashes.get(height, hash_at(height)),
            "parentHash": hash_at(height - 1),
            "timestamp": hex(1_790_000_000 + height),
        }

    def _get_logs(self, query: dict[str, object]) -> object:
        first, last = int(str(query["fromBlock"]), 16), int(str(query["toBlock"]), 16)
        if last - first >= self.span_max:
            raise RpcFault(-32005, "query returned more than 10000 results")
        return [log for log in reversed(self.logs) if first <= int(log["blockNumber"], 16) <= last]

    def _log(self, batch: Batch, height: int) -> dict[str, object]:
        number = "0x" + batch.header.number.to_bytes(32, "big").hex()
        return {
            "transactionHash": "0x" + keccak(b"tx" + batch.hash).hex(),
            "blockNumber": hex(height),
            "blockHash": hash_at(height),
            "transactionIndex": "0x2",
            "topics": ["0x" + BATCH_POSTED_TOPIC.hex(), number, "0x" + batch.hash.hex(), hash_at(0)],
        }

    def _transaction(self, batch: Batch, log: dict[str, object]) -> dict[str, object]:
        calldata = encode_post_batch(batch.header_bytes, batch.signature, batch.body)
        return {"blockHash": log["blockHash"], "to": "0x" + CONTRACT.hex(), "input": "0x" + calldata.hex()}


@pytest.fixture
def chain() -> ScriptedChain:
    return ScriptedChain(build_batches(20), tip=2_500)


@pytest.fixture
async def ledger(chain: ScriptedChain) -> AsyncIterator[EvmLedger]:
    async with (
        serve_node(ScriptedNode(chain.answers())) as node,
        RpcTransport(TransportSettings(node.url)) as transport,
    ):
        yield EvmLedger(transport, RULES)


async def test_long_ranges_are_read_in_spans(ledger: EvmLedger) -> None:
    seen = await ledger.read_postings(0, 2_500)
    assert [posting.batch_number for posting in seen] == list(range(1, 21))
    assert [posting.height for posting in seen] == list(range(10, 30))


async def test_a_span_that_the_node_finds_too_long_is_halved(ledger: EvmLedger, chain: ScriptedChain) -> None:
    chain.span_max = 7
    seen = await ledger.read_postings(0, 40)
    assert [posting.batch_number for posting in seen] == list(range(1, 21))


async def test_a_single_block_that_the_node_refuses_is_unavailability(ledger: EvmLedger, chain: ScriptedChain) -> None:
    chain.span_max = 0
    with pytest.raises(LedgerUnavailable, match="more than 10000"):
        await ledger.read_postings(10, 11)


async def test_no_finalized_block_yet(ledger: EvmLedger, chain: ScriptedChain) -> None:
    assert (await ledger.read_head()).finalized_height == -1
    chain.finalized = 100
    assert (await ledger.read_head()).finalized_height == 100


async def test_finality_rules(ledger: EvmLedger, chain: ScriptedChain) -> None:
    transport = ledger._transport
    for rule, depth, height in (
        (FinalityRule.INSTANT, 0, 2_500),
        (FinalityRule.DEPTH, 500, 2_000),
        (FinalityRule.DEPTH, 5_000, -1),
    ):
        other = EvmLedger(transport, replace(RULES, finality=rule, finality_depth=depth))
        assert (await other.read_head()).finalized_height == height


async def test_the_right_chain_id_with_another_genesis_is_refused(ledger: EvmLedger, chain: ScriptedChain) -> None:
    right = EvmLedger(ledger._transport, replace(RULES, genesis_hash=bytes.fromhex(hash_at(0)[2:])))
    assert (await right.read_head()).block.height == 2_500
    chain.hashes[0] = "0x" + "11" * 32
    with pytest.raises(WrongLedger):
        await right.read_head()


async def test_a_block_that_was_replaced_since_its_log(ledger: EvmLedger, chain: ScriptedChain) -> None:
    chain.hashes[15] = "0x" + "11" * 32
    with pytest.raises(LedgerReorged):
        await ledger.read_postings(0, 40)
    assert len(await ledger.read_postings(0, 14)) == 5


@pytest.mark.parametrize("moved_to", [None, "0x" + "11" * 32])
async def test_a_transaction_that_moved_since_its_log(
    ledger: EvmLedger, chain: ScriptedChain, moved_to: str | None
) -> None:
    chain.transactions[chain.logs[3]["transactionHash"]]["blockHash"] = moved_to
    with pytest.raises(LedgerReorged):
        await ledger.read_postings(0, 40)


async def test_a_transaction_that_is_gone(ledger: EvmLedger, chain: ScriptedChain) -> None:
    del chain.transactions[chain.logs[3]["transactionHash"]]
    with pytest.raises(LedgerReorged):
        await ledger.read_postings(0, 40)


@pytest.mark.parametrize("to", [None, "0x" + "77" * 20])
async def test_a_posting_that_came_through_another_contract_is_none(
    ledger: EvmLedger, chain: ScriptedChain, to: str | None
) -> None:
    chain.transactions[chain.logs[3]["transactionHash"]]["to"] = to
    assert len(await ledger.read_postings(0, 40)) == 19


async def test_calldata_that_does_not_decode_is_none(ledger: EvmLedger, chain: ScriptedChain) -> None:
    transaction = chain.transactions[chain.logs[3]["transactionHash"]]
    transaction["input"] = str(transaction["input"]) + "00"
    assert len(await ledger.read_postings(0, 40)) == 19


async def test_another_batch_than_the_event_names(ledger: EvmLedger, chain: ScriptedChain) -> None:
    one, other = (chain.transactions[chain.logs[index]["transactionHash"]] for index in (3, 4))
    one["input"] = other["input"]
    with pytest.raises(LedgerUnavailable, match="not the one of its event"):
        await ledger.read_postings(0, 40)


async def test_batches_of_another_rollup_are_not_ours(ledger: EvmLedger) -> None:
    other = EvmLedger(ledger._transport, replace(RULES, rollup_id=ROLLUP_ID + 1))
    assert await other.read_postings(0, 40) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("blockNumber", "0x9999"), ("topics", []), ("transactionHash", "0x12"), ("blockHash", None), ("blockNumber", 7)],
)
async def test_malformed_logs_are_unavailability(
    ledger: EvmLedger, chain: ScriptedChain, field: str, value: object
) -> None:
    answers = {**chain.answers(), "eth_getLogs": lambda query: [chain.logs[0] | {field: value}]}
    async with serve_node(ScriptedNode(answers)) as node, RpcTransport(TransportSettings(node.url)) as transport:
        with pytest.raises(LedgerUnavailable):
            await EvmLedger(transport, RULES).read_postings(0, 40)


@pytest.mark.parametrize("block", [7, [], {}, {"number": "0x1"}, {"number": "1", "hash": "0x"}])
async def test_malformed_blocks_are_unavailability(chain: ScriptedChain, block: object) -> None:
    answers = {**chain.answers(), "eth_getBlockByNumber": lambda tag, full: block}
    async with serve_node(ScriptedNode(answers)) as node, RpcTransport(TransportSettings(node.url)) as transport:
        with pytest.raises(LedgerUnavailable):
            await EvmLedger(transport, RULES).read_head()
        with pytest.raises(LedgerUnavailable):
            await EvmLedger(transport, RULES).read_block(3)
