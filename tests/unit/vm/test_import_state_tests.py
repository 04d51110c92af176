"""State tests as they are written: every envelope is signed here, and other documents are refused."""

import copy
from typing import Any

import pytest
from eth_account import Account

from rollup.core.errors import BadConfig
from rollup.core.transaction import decode_transaction
from rollup.vm.state_tests import run_state_test

KEY = "0x" + "45" * 32
SENDER = Account.from_key(KEY).address.lower()
TARGET = "0x" + "99" * 20
FIELDS = {
    "nonce": "0x00",
    "gasLimit": ["0x061a80", "0x01"],
    "value": ["0x01", "0x00"],
    "data": ["0x", "0x00ff"],
    "to": TARGET,
    "secretKey": KEY,
    "sender": SENDER,
}
ACCESS = {"accessLists": [[{"address": TARGET, "storageKeys": ["0x01"]}], None]}
FEES = {"maxFeePerGas": "0x64", "maxPriorityFeePerGas": "0x01"}
AUTHORIZATION = {"chainId": "0x00", "address": TARGET, "nonce": "0x00", "v": "0x00", "r": "0x01", "s": "0x01"}


def make_test(fork: str, **fields: Any) -> dict[str, Any]:
    """Test with two cases: the second asks for a gas limit of 1."""
    return {
        "env": {
            "currentCoinbase": "0x" + "cb" * 20,
            "currentGasLimit": "0x01c9c380",
            "currentNumber": "0x01",
            "currentTimestamp": "0x03e8",
            "currentRandom": "0x" + "00" * 32,
            "currentBaseFee": "0x0a",
        },
        "pre": {
            SENDER: {"balance": "0x0de0b6b3a7640000", "nonce": "0x00", "code": "0x", "storage": {}},
            TARGET: {"balance": "0x00", "nonce": "0x01", "code": "0x60016000556000600055", "storage": {"0x01": "0x00"}},
        },
        "transaction": FIELDS | fields,
        "post": {
            fork: [
                {"indexes": {"data": 0, "gas": 0, "value": 0}, "hash": "0x", "logs": "0x"},
                {"indexes": {"data": 1, "gas": 1, "value": 1}, "hash": "0x", "logs": "0x"},
            ]
        },
    }


@pytest.mark.parametrize(
    ("fork", "fields", "kind"),
    [
        ("Frontier", {"gasPrice": "0x0a"}, 0),
        ("Istanbul", {"gasPrice": "0x0a"}, 0),
        ("Berlin", {"gasPrice": "0x0a", **ACCESS}, 1),
        ("London", {**FEES, **ACCESS}, 2),
        ("Cancun", {**FEES, "maxFeePerBlobGas": "0x01", "blobVersionedHashes": ["0x01" + "00" * 31]}, 3),
        ("Prague", {**FEES, "authorizationList": [AUTHORIZATION]}, 4),
    ],
)
def test_every_envelope_is_signed_and_runs(fork: str, fields: dict[str, Any], kind: int) -> None:
    test = make_test(fork, **fields)
    result = run_state_test(test, fork)
    assert result.rejected == ""
    assert result.receipt is not None
    assert (result.receipt.type, result.receipt.status) == (kind, 1)
    refused = run_state_test(test, fork, 1)
    assert refused.receipt is None
    assert refused.rejected.startswith("IntrinsicGasTooLow")


def test_bytes_that_come_with_a_case_are_taken_as_they_are() -> None:
    test = make_test("Prague", **FEES)
    signed = {"type": 2, "nonce": 0, "gas": 50_000, "to": TARGET, "value": 0, "chainId": 1}
    raw = Account.sign_transaction(signed | {"maxFeePerGas": 100, "maxPriorityFeePerGas": 1}, KEY).raw_transaction
    test["post"]["Prague"][0]["txbytes"] = "0x" + raw.hex()
    result = run_state_test(test, "Prague")
    assert result.receipt is not None
    assert result.receipt.transaction_hash == decode_transaction(bytes(raw)).hash


@pytest.mark.parametrize("gone", ["env", "pre", "transaction", "post"])
def test_other_documents_are_refused(gone: str) -> None:
    test = copy.deepcopy(make_test("Prague", **FEES))
    del test[gone]
    with pytest.raises(BadConfig, match="not a state test"):
        run_state_test(test, "Prague")
