"""A block that geth made, with legacy, EIP-2930, EIP-1559 and EIP-7702 transactions, comes out with geth's roots."""

import json
from pathlib import Path

from rollup.core.block import BlockHeader
from rollup.core.execution import BlockWork, Candidate
from rollup.core.genesis import ChainRule
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, Hash
from rollup.vm.building import BlockBuilder
from rollup.vm.database import Database
from rollup.vm.fork import BlockEnvironment, ChainState, make_state
from rollup.vm.headers import decode_block_header, encode_block_header
from rollup.vm.messages import MessageRequest, run_message
from rollup.vm.sealing import SealedState, seal_changes

CHAIN_ID = 3503995874084926
BEACON_ROOTS = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
SYSTEM_ADDRESS = Address(b"\xff" * 19 + b"\xfe")
REQUEST_CONTRACTS = (
    Address(bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002")),
    Address(bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251")),
)
BEACON_WINDOW = 8191


def write_beacon_root(state: ChainState, header: BlockHeader) -> None:
    """EIP-4788, which our chains do not have."""
    slot = header.timestamp % BEACON_WINDOW
    state.set_storage(BEACON_ROOTS, slot, header.timestamp)
    state.set_storage(BEACON_ROOTS, slot + BEACON_WINDOW, int.from_bytes(header.parent_beacon_root, "big"))
    state.end_transaction()


def call_request_contracts(state: ChainState) -> None:
    """EIPs 7002 and 7251, which our chains do not have."""
    for contract in REQUEST_CONTRACTS:
        assert not run_message(state, MessageRequest(SYSTEM_ADDRESS, contract, 0, b"", 30_000_000, 0)).error
        state.end_transaction()


def test_geths_block_has_geths_roots(tmp_path: Path) -> None:
    fixture = json.loads(Path(__file__).with_name("geth_prague_block.json").read_text())
    header = decode_block_header(bytes.fromhex(fixture["header"]))
    assert encode_block_header(header).hex() == fixture["header"]
    database = Database(tmp_path)
    for node in map(bytes.fromhex, fixture["nodes"]):
        database.write_node(keccak(node), node)
    for code in map(bytes.fromhex, fixture["codes"]):
        database.write_code(keccak(code), code)
    before = Hash(bytes.fromhex(fixture["parent_state_root"]))
    rule = ChainRule(CHAIN_ID, gas_limit=header.gas_limit, coinbase=header.coinbase)
    environment = BlockEnvironment(
        rule, header.number, header.timestamp, header.base_fee, header.prev_randao, lambda _: ZERO_HASH
    )
    state = make_state(SealedState(database, before), environment)
    candidates = tuple(Candidate(bytes.fromhex(raw)) for raw in fixture["transactions"])
    work = BlockWork(BlockNumber(header.number), header.parent_hash, header.timestamp, candidates, exact=True)

    write_beacon_root(state, header)
    builder = BlockBuilder(state, header, work, lambda: None)
    builder.run()
    call_request_contracts(state)
    state_root, _ = seal_changes(database, before, state.changes())

    roots = builder.roots(state_root)
    assert sorted({receipt.type for receipt in builder.receipts}) == [0, 1, 2, 4]
    assert roots.gas_used == header.gas_used
    assert roots.transactions_root == header.transactions_root
    assert roots.receipts_root == header.receipts_root
    assert roots.logs_bloom == header.logs_bloom
    assert roots.state_root == header.state_root
    database.close()
