"""The rollup's predeploys, put into a foreign EVM the way a genesis does: runtime code straight at the address."""

from collections.abc import Iterator

import pytest
from chain_driver import Chain, Contract, RpcError

from contracts import DEPLOYMENT_PROXY, MULTICALL3, PREDEPLOYS, encode_constructor, load_artifact, oracle_storage
from rollup.core.cursor import Cursor
from rollup.core.deposit import CURSOR_GAS, CURSOR_SENDER, LEDGER_ORACLE, build_deposits, decode_deposit
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber, LedgerIndex

SENDER = "0x" + CURSOR_SENDER.hex()
CURSORS = (
    Cursor(LedgerIndex(0), 100, keccak(b"a")),
    Cursor(LedgerIndex(1), 2**64 - 2, keccak(b"b"), 2**64 - 2, keccak(b"messages")),
    Cursor(LedgerIndex(65_535), 0, keccak(b"c"), 5, keccak(b"more messages")),
)


@pytest.fixture
def oracle(chain: Chain) -> Iterator[Contract]:
    """The oracle with fresh storage, and its writer able to send."""
    snapshot = chain.rpc("evm_snapshot")
    for address, runtime in PREDEPLOYS:
        chain.rpc("anvil_setCode", "0x" + address.hex(), "0x" + runtime.hex())
    chain.rpc("anvil_impersonateAccount", SENDER)
    chain.rpc("anvil_setBalance", SENDER, hex(10**20))
    yield Contract("0x" + LEDGER_ORACLE.hex(), load_artifact("LedgerOracle"))
    chain.rpc("evm_revert", snapshot)


@pytest.fixture
def multicall(oracle: Contract) -> Contract:
    return Contract("0x" + MULTICALL3.hex(), load_artifact("Multicall3"))


def set_cursors(*cursors: Cursor) -> bytes:
    """Calldata as the cursor deposit of a block carries it."""
    return decode_deposit(build_deposits(BlockNumber(1), cursors, ())[0]).data


def row(cursor: Cursor) -> tuple[object, ...]:
    return (
        cursor.ledger_index,
        cursor.height,
        cursor.block_hash,
        cursor.message_count,
        cursor.message_accumulator,
    )


def test_the_deposit_of_a_block_moves_the_cursors(chain: Chain, oracle: Contract) -> None:
    assert chain.read(oracle, "cursors") == ()
    first = chain.send(oracle.address, set_cursors(*CURSORS), SENDER)
    assert first["status"] == "0x1"
    assert [oracle.decode_event(log) for log in first["logs"]] == [("CursorMoved", *row(cursor)) for cursor in CURSORS]
    assert chain.read(oracle, "cursors") == tuple(row(cursor) for cursor in CURSORS)
    moved = Cursor(LedgerIndex(0), 101, keccak(b"a2"), 1, keccak(b"first message"))
    assert chain.send(oracle.address, set_cursors(moved), SENDER)["status"] == "0x1"
    assert chain.read(oracle, "cursors") == (row(moved), row(CURSORS[1]), row(CURSORS[2]))
    assert chain.read(oracle, "cursor", 0) == row(moved)


def test_the_gas_of_the_deposit_suffices_by_far(chain: Chain, oracle: Contract) -> None:
    first = chain.send(oracle.address, set_cursors(*CURSORS), SENDER)
    assert int(first["gasUsed"], 16) < CURSOR_GAS // 3
    many = [Cursor(LedgerIndex(index), 9, keccak(b"%d" % index), 9, keccak(b"x")) for index in range(10, 19)]
    assert int(chain.send(oracle.address, set_cursors(*many), SENDER)["gasUsed"], 16) < CURSOR_GAS


def test_only_the_protocol_writes(chain: Chain, oracle: Contract) -> None:
    stranger = chain.accounts[1]
    assert chain.refusal(oracle, set_cursors(*CURSORS), stranger) == ("CallerNotCursorSender", stranger)


def test_an_unknown_ledger_has_no_cursor(chain: Chain, oracle: Contract) -> None:
    assert chain.refusal(oracle, oracle.encode("cursor", 3)) == ("UnknownLedger", 3)


@pytest.mark.parametrize(
    "back",
    [
        Cursor(LedgerIndex(65_535), 0, keccak(b"another block at this height"), 5, keccak(b"more messages")),
        Cursor(LedgerIndex(65_535), 1, keccak(b"d"), 4, keccak(b"fewer messages")),
        Cursor(LedgerIndex(0), 99, keccak(b"z")),
    ],
)
def test_cursors_never_go_back(chain: Chain, oracle: Contract, back: Cursor) -> None:
    chain.send(oracle.address, set_cursors(*CURSORS), SENDER)
    fine = Cursor(LedgerIndex(1), 2**64 - 1, keccak(b"next"), 2**64 - 1, keccak(b"next"))
    refusal = chain.refusal(oracle, set_cursors(fine, back), SENDER)
    assert refusal == ("CursorWentBack", back.ledger_index, back.height)
    assert chain.send(oracle.address, set_cursors(fine, back), SENDER)["status"] == "0x0"
    assert chain.read(oracle, "cursors") == tuple(row(cursor) for cursor in CURSORS)


@pytest.mark.parametrize("count", [0, 1, 3, 16, 17, 40])
def test_genesis_storage_is_what_the_contract_would_have_written(chain: Chain, oracle: Contract, count: int) -> None:
    cursors = [Cursor(LedgerIndex(3 * index), 7 + index, keccak(b"%d" % index), index) for index in range(count)]
    for slot, value in oracle_storage(cursors):
        chain.rpc("anvil_setStorageAt", oracle.address, f"0x{slot:064x}", f"0x{value:064x}")
    assert chain.read(oracle, "cursors") == tuple(row(cursor) for cursor in cursors)
    if cursors:
        assert chain.refusal(oracle, set_cursors(Cursor(LedgerIndex(0), 6, keccak(b"0"))), SENDER) is not None
        assert chain.send(oracle.address, set_cursors(*cursors), SENDER)["status"] == "0x1"
        assert len(chain.read(oracle, "cursors")) == count


def test_the_deployment_proxy_creates_at_the_predicted_address(chain: Chain, oracle: Contract) -> None:
    salt = keccak(b"salt")
    init_code = encode_constructor(load_artifact("DemoCounter"), [])
    created = keccak(b"\xff" + DEPLOYMENT_PROXY + salt + keccak(init_code))[12:]
    assert chain.call("0x" + DEPLOYMENT_PROXY.hex(), salt + init_code) == created
    assert chain.send("0x" + DEPLOYMENT_PROXY.hex(), salt + init_code)["status"] == "0x1"
    assert chain.rpc("eth_getCode", "0x" + created.hex(), "latest") == "0x" + load_artifact("DemoCounter").runtime.hex()


# --- Multicall3 -------------------------------------------------------------------------------------------------------


def test_multicall_has_the_public_interface() -> None:
    functions = {entry["name"]: entry["stateMutability"] for entry in load_artifact("Multicall3").abi}
    calls = ["aggregate", "aggregate3", "aggregate3Value", "blockAndAggregate", "tryAggregate", "tryBlockAndAggregate"]
    views = ["BlockHash", "BlockNumber", "CurrentBlockCoinbase", "CurrentBlockDifficulty", "CurrentBlockGasLimit"]
    views += ["CurrentBlockTimestamp", "EthBalance", "LastBlockHash", "Basefee", "ChainId"]
    assert functions == dict.fromkeys(calls, "payable") | {f"get{name}": "view" for name in views}


def test_multicall_selectors_are_those_that_clients_send(multicall: Contract) -> None:
    assert multicall.encode("aggregate", [])[:4].hex() == "252dba42"
    assert multicall.encode("aggregate3", [])[:4].hex() == "82ad56cb"
    assert multicall.encode("aggregate3Value", [])[:4].hex() == "174dea71"
    assert multicall.encode("tryAggregate", False, [])[:4].hex() == "bce38bd7"
    assert multicall.encode("tryBlockAndAggregate", False, [])[:4].hex() == "399542e9"
    assert multicall.encode("blockAndAggregate", [])[:4].hex() == "c3077fa9"
    assert multicall.encode("getEthBalance", bytes(20))[:4].hex() == "4d2301cc"


def test_multicall_gathers_results(chain: Chain, multicall: Contract) -> None:
    balance = multicall.encode("getEthBalance", chain.accounts[5])
    chain_id = multicall.encode("getChainId")
    garbage = b"\x01\x02\x03\x04"
    good = [(multicall.address, balance), (multicall.address, chain_id)]
    expected = [chain.call(multicall.address, data) for _, data in good]
    height = int(chain.rpc("eth_blockNumber"), 16)
    assert chain.read(multicall, "aggregate", good) == (height, tuple(expected))
    succeeded = tuple((True, data) for data in expected)
    assert chain.read(multicall, "tryAggregate", True, good) == succeeded
    assert chain.read(multicall, "aggregate3", [(to, False, data) for to, data in good]) == succeeded
    assert chain.read(multicall, "blockAndAggregate", good)[::2] == (height, succeeded)
    mixed = [*good, (multicall.address, garbage)]
    assert chain.read(multicall, "tryAggregate", False, mixed) == (*succeeded, (False, b""))
    assert chain.read(multicall, "tryBlockAndAggregate", False, mixed)[2] == (*succeeded, (False, b""))
    failed = ("Error", "Multicall3: call failed")
    assert chain.refusal(multicall, multicall.encode("aggregate", mixed)) == failed
    assert chain.refusal(multicall, multicall.encode("tryAggregate", True, mixed)) == failed
    assert chain.refusal(multicall, multicall.encode("aggregate3", [(multicall.address, False, garbage)])) == failed


def test_multicall_forwards_exactly_the_value_sent(chain: Chain, multicall: Contract) -> None:
    receivers = ["0x" + keccak(name)[12:].hex() for name in (b"one", b"two")]
    data = multicall.encode("aggregate3Value", [(receivers[0], False, 3, b""), (receivers[1], False, 4, b"")])
    assert chain.send(multicall.address, data, value=6)["status"] == "0x0"
    assert chain.send(multicall.address, data, value=7)["status"] == "0x1"
    assert [chain.read(multicall, "getEthBalance", to) for to in receivers] == [3, 4]
    with pytest.raises(RpcError, match="value mismatch"):
        chain.call(multicall.address, multicall.encode("aggregate3Value", [(receivers[0], True, 1, b"")]))


def test_multicall_tells_the_block(chain: Chain, multicall: Contract) -> None:
    chain.rpc("evm_mine")
    block = chain.rpc("eth_getBlockByNumber", "latest", False)
    number = int(block["number"], 16)
    assert chain.read(multicall, "getBlockNumber") == number
    assert chain.read(multicall, "getCurrentBlockTimestamp") >= int(block["timestamp"], 16)
    assert chain.read(multicall, "getCurrentBlockGasLimit") == int(block["gasLimit"], 16)
    assert chain.read(multicall, "getCurrentBlockCoinbase") == block["miner"]
    assert chain.read(multicall, "getChainId") == int(chain.rpc("eth_chainId"), 16)
    assert "0x" + chain.read(multicall, "getLastBlockHash").hex() == block["parentHash"]
    assert "0x" + chain.read(multicall, "getBlockHash", number - 1).hex() == block["parentHash"]
    assert chain.read(multicall, "getBlockHash", number + 1) == bytes(32)
    for function in ("getCurrentBlockDifficulty", "getBasefee"):
        assert chain.read(multicall, function) >= 0
