"""The Bitcoin family's reader against nodes that change their chain while they are read, or cannot answer."""

from collections.abc import AsyncIterator

import pytest
from scripted_node import RpcFault, ScriptedNode, serve_node

from ledgers.transport import RpcTransport, TransportSettings
from ledgers.utxo.connector import UtxoLedger, UtxoRules
from ledgers.utxo.pointers import SCRIPT_PREFIX
from rollup.core.batch import Pointer, encode_pointer
from rollup.core.errors import LedgerBusy, LedgerReorged, LedgerUnavailable, UnknownBlock, WrongLedger
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber, LedgerId

GENESIS = "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"
RULES = UtxoRules(LedgerId("bip122:12a765e31ffd4059bada1e25190f6e98"), 7, 6)
POINTER = Pointer(7, BatchNumber(3), keccak(b"batch"))
SCRIPT = (SCRIPT_PREFIX + encode_pointer(POINTER)).hex()
TX_ID = "ab" * 32


class ThreeBlocks:
    """A chain of heights 0 to 2 with a pointer in the last block. After ``change_after`` hashes the last is another."""

    def __init__(self) -> None:
        self.change_after = 10**6
        self.genesis = GENESIS
        self.confirmations = 1

    def hash_at(self, height: int) -> str:
        if height > 2:
            raise RpcFault(-8, "Block height out of range")
        self.change_after -= 1
        return self.genesis if height == 0 else f"{height:02x}" * 32 if self.change_after >= 0 else "ff" * 32

    def block(self, digest: str, verbosity: int) -> object:
        scripts = [{"scriptPubKey": {"hex": text}} for text in ("", SCRIPT)] if digest == "02" * 32 else []
        if verbosity == 0:
            return "0000" + "".join(script["scriptPubKey"]["hex"] for script in scripts)
        return {"confirmations": self.confirmations, "tx": [{"txid": TX_ID, "vout": [*scripts, {"output_id": "00"}]}]}


@pytest.fixture
def chain() -> ThreeBlocks:
    return ThreeBlocks()


@pytest.fixture
async def node(chain: ThreeBlocks) -> AsyncIterator[ScriptedNode]:
    async with serve_node(ScriptedNode({"getblockhash": chain.hash_at, "getblock": chain.block})) as node:
        yield node


@pytest.fixture
async def ledger(node: ScriptedNode) -> AsyncIterator[UtxoLedger]:
    async with RpcTransport(TransportSettings(node.url)) as transport:
        yield UtxoLedger(transport, RULES)


async def test_only_blocks_with_the_marker_are_taken_apart(ledger: UtxoLedger, node: ScriptedNode) -> None:
    (seen,) = await ledger.read_postings(0, 2)
    assert (seen.batch_number, seen.batch_hash, seen.height, seen.tx_id.hex()) == (3, POINTER.batch_hash, 2, TX_ID)
    assert [params for method, params in node.asked if method == "getblock" and params[1]] == [["02" * 32, 2]]


async def test_a_chain_that_changes_while_it_is_read_is_told(ledger: UtxoLedger, chain: ThreeBlocks) -> None:
    chain.change_after = 6  # two for the reach, four for the hashes: the check at the end sees another chain
    with pytest.raises(LedgerReorged):
        await ledger.read_postings(0, 2)


async def test_a_block_that_left_the_chain_is_told(ledger: UtxoLedger, chain: ThreeBlocks) -> None:
    chain.confirmations = -1
    with pytest.raises(LedgerReorged, match="block 2"):
        await ledger.read_postings(1, 2)


async def test_above_the_tip_nothing_is_known(ledger: UtxoLedger) -> None:
    with pytest.raises(UnknownBlock):
        await ledger.read_postings(0, 3)


async def test_pruned_blocks_are_out_of_reach(ledger: UtxoLedger, node: ScriptedNode) -> None:
    def prune(_digest: str, _verbosity: int) -> object:
        raise RpcFault(-1, "Block not available (pruned data)")

    node.answers["getblock"] = prune
    with pytest.raises(LedgerUnavailable, match="pruned"):
        await ledger.read_postings(0, 2)


async def test_a_node_that_starts_asks_for_patience(ledger: UtxoLedger, node: ScriptedNode) -> None:
    def warm_up(*_params: object) -> object:
        raise RpcFault(-28, "Loading block index...")

    node.answers |= {"getblockhash": warm_up, "getbestblockhash": warm_up}
    with pytest.raises(LedgerBusy, match="Loading"):
        await ledger.read_head()


@pytest.mark.parametrize("genesis", ["00" * 32, GENESIS[:32] + "00" * 16])
async def test_another_genesis_is_another_ledger(ledger: UtxoLedger, chain: ThreeBlocks, genesis: str) -> None:
    chain.genesis = genesis
    with pytest.raises(WrongLedger):
        await ledger.read_postings(0, 0)


@pytest.mark.parametrize("answer", [7, None, "zz", "00", {}])
async def test_nonsense_is_no_answer(ledger: UtxoLedger, node: ScriptedNode, answer: object) -> None:
    node.answers |= {"getblockhash": lambda _height: answer, "getbestblockhash": lambda: answer}
    with pytest.raises(LedgerUnavailable):
        await ledger.read_head()
