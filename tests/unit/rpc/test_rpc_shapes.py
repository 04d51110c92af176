"""Transactions, receipts and blocks as clients see them: which fields, in which order, with which values."""

import rlp
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from listening import make_header

from rollup.core.block import Block, Log, Receipt
from rollup.core.block_rlp import block_size
from rollup.core.deposit import Deposit, encode_deposit
from rollup.core.hashes import keccak
from rollup.core.header_codec import encode_header
from rollup.core.ids import ZERO_HASH, Address, Hash
from rollup.core.transaction import decode_transaction
from rpc.shapes.block import block_json
from rpc.shapes.receipt import logs_before, receipt_json, recipient_of
from rpc.shapes.transaction import mined_json, transaction_json

SIGNER = Account.from_key(b"\1" * 32)
SENDER = Address(bytes.fromhex(SIGNER.address[2:]))
TO = Address(b"\x11" * 20)
BASE = {"nonce": 3, "gas": 30_000, "to": "0x" + TO.hex(), "value": 5, "data": "0xabcd"}
CAPS = {"maxFeePerGas": 2_000_000_000, "maxPriorityFeePerGas": 7}
LEGACY_FIELDS = "blockHash blockNumber blockTimestamp from gas gasPrice hash input nonce to transactionIndex value type"

RECEIPT_FIELDS = (
    "blockHash blockNumber contractAddress cumulativeGasUsed effectiveGasPrice from gasUsed logs logsBloom status to "
    "transactionHash transactionIndex type"
)
LOG_FIELDS = (
    "address topics data blockNumber transactionHash transactionIndex blockHash blockTimestamp logIndex removed"
)


def sign(**fields: object) -> bytes:
    return bytes(SIGNER.sign_transaction(BASE | fields).raw_transaction)


def make_block(*raws: bytes, logs: tuple[Log, ...] = ()) -> Block:
    receipts = tuple(
        Receipt(keccak(raw), raw[0] if raw[0] < 0xC0 else 0, 1, 21_000, 21_000 * (i + 1), 9, None, logs, bytes(256))
        for i, raw in enumerate(raws)
    )
    return Block(make_header(7, 1234), raws, (SENDER,) * len(raws), receipts)


def test_a_legacy_transaction() -> None:
    shape = mined_json(make_block(sign(chainId=900, gasPrice=2_000_000_000)), 0)
    assert list(shape) == [*LEGACY_FIELDS.split(), "chainId", "v", "r", "s"]
    assert (shape["blockNumber"], shape["blockTimestamp"], shape["transactionIndex"]) == ("0x7", "0x4d2", "0x0")
    assert (shape["type"], shape["gasPrice"], shape["chainId"]) == ("0x0", hex(2_000_000_000), "0x384")
    assert shape["v"] in (hex(900 * 2 + 35), hex(900 * 2 + 36))
    assert (shape["from"], shape["to"], shape["input"]) == (SIGNER.address.lower(), "0x" + TO.hex(), "0xabcd")


def test_before_eip_155_there_is_no_chain_id() -> None:
    shape = mined_json(make_block(sign(gasPrice=1)), 0)
    assert list(shape) == [*LEGACY_FIELDS.split(), "v", "r", "s"]
    assert shape["v"] in ("0x1b", "0x1c")


def test_a_transaction_with_an_access_list() -> None:
    access_list = [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "00" * 31 + "01"]}]
    shape = mined_json(make_block(sign(chainId=900, gasPrice=1, type=1, accessList=access_list)), 0)
    assert list(shape) == [*LEGACY_FIELDS.split(), "accessList", "chainId", "v", "r", "s", "yParity"]
    assert shape["accessList"] == access_list
    assert shape["v"] == shape["yParity"]


def test_a_dynamic_fee_transaction_shows_what_was_paid() -> None:
    shape = mined_json(make_block(sign(chainId=900, **CAPS)), 0)
    assert shape["gasPrice"] == hex(1_000_000_000 + 7)
    assert (shape["maxFeePerGas"], shape["maxPriorityFeePerGas"]) == (hex(2_000_000_000), "0x7")
    assert list(shape)[6:8] == ["maxFeePerGas", "maxPriorityFeePerGas"]


def test_a_delegation_shows_its_authorizations() -> None:
    authorization = SIGNER.sign_authorization({"chainId": 900, "address": b"\x33" * 20, "nonce": 4})
    shape = mined_json(make_block(sign(chainId=900, authorizationList=[authorization], **CAPS)), 0)
    [shown] = shape["authorizationList"]
    assert list(shown) == ["chainId", "address", "nonce", "yParity", "r", "s"]
    assert (shown["chainId"], shown["address"], shown["nonce"]) == ("0x384", "0x" + "33" * 20, "0x4")
    assert shape["type"] == "0x4"


def test_a_waiting_transaction_has_no_place_yet() -> None:
    transaction = decode_transaction(sign(chainId=900, **CAPS))
    shape = transaction_json(transaction, SENDER, position=None)
    places = ("blockHash", "blockNumber", "blockTimestamp", "transactionIndex")
    assert [shape[name] for name in places] == [None] * 4
    assert shape["gasPrice"] == hex(2_000_000_000)


def test_a_deposit_is_shown_as_on_the_op_stack() -> None:
    deposit = Deposit(Hash(b"\x44" * 32), SENDER, None, mint=9, value=8, gas=70_000, is_system=False, data=b"\x01")
    raw = encode_deposit(deposit)
    shape = mined_json(make_block(raw), 0)
    assert list(shape) == [*LEGACY_FIELDS.split(), "v", "r", "s", "sourceHash", "mint", "isSystemTx"]
    assert (shape["type"], shape["sourceHash"], shape["mint"]) == ("0x7e", "0x" + "44" * 32, "0x9")
    assert (shape["v"], shape["r"], shape["s"], shape["gasPrice"], shape["nonce"]) == ("0x0",) * 5
    assert (shape["hash"], shape["to"]) == ("0x" + keccak(raw).hex(), None)


def test_recipients_of_all_types() -> None:
    authorization = SIGNER.sign_authorization({"chainId": 900, "address": b"\x33" * 20, "nonce": 4})
    raws = [
        sign(gasPrice=1),
        sign(chainId=900, gasPrice=1, type=1, accessList=[]),
        sign(chainId=900, **CAPS),
        sign(chainId=900, authorizationList=[authorization], **CAPS),
        encode_deposit(Deposit(ZERO_HASH, SENDER, TO, 0, 0, 0, is_system=False, data=b"")),
    ]
    assert [recipient_of(raw) for raw in raws] == [TO] * 5
    assert recipient_of(sign(gasPrice=1, to="")) is None


def test_a_receipt_counts_the_logs_of_the_block() -> None:
    log = Log(TO, (Hash(b"\x55" * 32),), b"\x01\x02")
    block = make_block(sign(chainId=900, **CAPS), sign(chainId=900, gasPrice=1), logs=(log, log))
    shape = receipt_json(block, 1, logs_before(block, 1))
    assert list(shape) == RECEIPT_FIELDS.split()
    assert [shown["logIndex"] for shown in shape["logs"]] == ["0x2", "0x3"]
    assert list(shape["logs"][0]) == LOG_FIELDS.split()
    assert (shape["cumulativeGasUsed"], shape["gasUsed"], shape["status"]) == (hex(42_000), hex(21_000), "0x1")


def test_a_block_has_the_fields_of_its_fork() -> None:
    shape = block_json(make_block(sign(gasPrice=1)), ["0x1"])
    assert list(shape) == sorted(shape)
    assert "totalDifficulty" not in shape
    assert (shape["withdrawals"], shape["uncles"], shape["nonce"]) == ([], [], "0x" + "00" * 8)


@given(st.lists(st.integers(0, 400), max_size=5), st.integers(0, 2**40))
def test_the_size_is_that_of_the_block_in_rlp(data_sizes: list[int], timestamp: int) -> None:
    raws = [sign(chainId=900, data="0x" + "ab" * size, **CAPS) for size in data_sizes]
    raws += [sign(gasPrice=1, data="0x" + "ab" * size) for size in data_sizes]
    block = Block(make_header(7, timestamp), tuple(raws), (SENDER,) * len(raws), ())
    transactions = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in raws]
    assert block_size(block) == len(rlp.encode([rlp.decode(encode_header(block.header)), transactions, [], []]))
