"""The transaction object of calls, state overrides, and the filter of eth_getLogs."""

import pytest

from rollup.core.block import Withdrawal
from rollup.core.execution import AccountOverride, BlockOverride
from rpc.call_params import read_block_override, read_call, read_call_context, read_overrides
from rpc.errors import InvalidArgument, RpcError
from rpc.log_params import LogQuery, read_log_query
from rpc.scalars import LATEST, BlockRef

A, B = "0x" + "aa" * 20, "0x" + "bb" * 20
H, K = "0x" + "11" * 32, "0x" + "22" * 32
ADDRESS, HASH, KEY = bytes.fromhex(A[2:]), bytes.fromhex(H[2:]), bytes.fromhex(K[2:])


def test_cast_sends_data_and_input() -> None:
    assert read_call({"to": A, "data": "0x01", "input": "0x01"})["input"] == b"\1"
    assert read_call({"to": A, "data": "0x01"})["input"] == b"\1"
    with pytest.raises(InvalidArgument, match='both "data" and "input" are set and not equal'):
        read_call({"to": A, "data": "0x01", "input": "0x02"})


def test_nulls_and_unknown_members_do_not_count() -> None:
    assert read_call({"to": None, "gas": None, "accessList": None, "type": "0x2", "whatever": [1]}) == {}


def test_all_that_matters_is_read() -> None:
    given = {
        "from": A,
        "to": B,
        "gas": "0x10",
        "maxFeePerGas": "0x9",
        "maxPriorityFeePerGas": "0x1",
        "value": "0x5",
        "nonce": "0x0",
        "chainId": "0x384",
        "accessList": [{"address": A, "storageKeys": [H]}, {"address": B}],
    }
    fields = read_call(given)
    assert fields["accessList"] == ((ADDRESS, (int(H, 16),)), (bytes.fromhex(B[2:]), ()))
    assert (fields["gas"], fields["maxFeePerGas"], fields["value"], fields["chainId"]) == (16, 9, 5, 900)


@pytest.mark.parametrize(
    "given",
    [
        [],
        "0x",
        {"to": "0x1"},
        {"gas": 21000},
        {"gas": "0x010"},
        {"value": "0x" + "f" * 65},
        {"data": "0x1"},
        {"gasPrice": "0x1", "maxFeePerGas": "0x1"},
        {"maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2"},
        {"accessList": {}},
        {"accessList": [{"storageKeys": []}]},
        {"accessList": [{"address": A, "storageKeys": ["0x1"]}]},
        {"authorizationList": [{}]},
    ],
)
def test_bad_calls_are_refused(given: object) -> None:
    with pytest.raises(InvalidArgument):
        read_call(given)


def test_overrides() -> None:
    given = {A: {"balance": "0x5", "code": "0x6001", "stateDiff": {H: K}}, B: {"nonce": "0x1", "state": {}}}
    assert read_overrides(given) == (
        (ADDRESS, AccountOverride(balance=5, code=b"\x60\1", state_diff=((int(H, 16), int(K, 16)),))),
        (bytes.fromhex(B[2:]), AccountOverride(nonce=1, state=())),
    )


@pytest.mark.parametrize("given", [[], {"0x1": {}}, {A: []}, {A: {"state": {}, "stateDiff": {}}}])
def test_bad_overrides_are_refused(given: object) -> None:
    with pytest.raises(InvalidArgument):
        read_overrides(given)


def test_a_precompile_moves() -> None:
    assert read_overrides({A: {"movePrecompileToAddress": B}}) == (
        (ADDRESS, AccountOverride(precompile_to=bytes.fromhex(B[2:]))),
    )


def test_block_overrides() -> None:
    given = {
        "number": "0x1",
        "time": "0x2",
        "gasLimit": "0x3",
        "feeRecipient": A,
        "prevRandao": H,
        "baseFeePerGas": "0x4",
    }
    expected = BlockOverride(1, 2, 3, ADDRESS, HASH, 4, 5)
    assert read_call_context({**given, "blobBaseFee": "0x5", "difficulty": "0x6", "number": "0x1"}) == expected


def test_a_block_of_its_own_has_a_beacon_root_and_withdrawals() -> None:
    withdrawal = {"index": "0x1", "validatorIndex": "0x2", "address": A, "amount": "0x3"}
    given = {"beaconRoot": H, "withdrawals": [withdrawal]}
    assert read_block_override(given) == BlockOverride(beacon_root=HASH, withdrawals=(Withdrawal(1, 2, ADDRESS, 3),))
    for name, value in given.items():
        with pytest.raises(RpcError, match="not supported for this RPC method"):
            read_call_context({name: value})


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({}, LogQuery(None, LATEST, LATEST, (), ())),
        ({"blockHash": H}, LogQuery(HASH, LATEST, LATEST, (), ())),
        (
            {"fromBlock": "0x1", "toBlock": "safe", "address": A},
            LogQuery(None, BlockRef(number=1), BlockRef(tag="safe"), (ADDRESS,), ()),
        ),
        (
            {"address": [A], "topics": [H, None, [], [H, K]]},
            LogQuery(None, LATEST, LATEST, (ADDRESS,), ((HASH,), None, None, (HASH, KEY))),
        ),
        ({"topics": [[H, None]], "address": None}, LogQuery(None, LATEST, LATEST, (), (None,))),
    ],
)
def test_log_filters(given: object, query: LogQuery) -> None:
    assert read_log_query(given) == query


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {"blockHash": H, "fromBlock": "0x1"},
        {"address": "0x1"},
        {"address": [A] * 1001},
        {"topics": H},
        {"topics": [None] * 5},
        {"topics": ["0x1"]},
        {"topics": [[[H]]]},
        {"fromBlock": H},
        {"toBlock": 5},
    ],
)
def test_bad_log_filters_are_refused(given: object) -> None:
    with pytest.raises(InvalidArgument):
        read_log_query(given)
