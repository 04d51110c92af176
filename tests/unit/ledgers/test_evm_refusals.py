"""What nodes say, and what it means."""

import pytest
from eth_abi.abi import encode as abi_encode

from ledgers.evm.refusals import describe_revert, find_revert, is_known, translate_refusal
from ledgers.transport import JsonRpcError
from rollup.core.errors import LedgerBusy, LedgerFeeTooLow, LedgerFundsTooLow, LedgerNonceConflict, PostingRefused
from rollup.core.hashes import keccak

WRONG_NUMBER = keccak(b"WrongNumber(uint64,uint64)")[:4] + abi_encode(["uint64", "uint64"], [5, 7])


@pytest.mark.parametrize(
    "message",
    [
        "already known",
        "AlreadyKnown",
        "transaction already imported",
        "Known transaction",
        "known transaction: 0x12",
        "transaction already exists in the pool",
    ],
)
def test_the_node_has_it_already(message: str) -> None:
    assert is_known(JsonRpcError(-32000, message))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("nonce too low: next nonce 7, tx nonce 6", LedgerNonceConflict),
        ("OldNonce, Current nonce: 7", LedgerNonceConflict),
        ("Nonce too high", LedgerNonceConflict),
        ("insufficient funds for gas * price + value: balance 0", LedgerFundsTooLow),
        ("Upfront cost exceeds account balance", LedgerFundsTooLow),
        ("Insufficient funds for gas * price + value", LedgerFundsTooLow),
        ("replacement transaction underpriced", LedgerFeeTooLow),
        ("transaction underpriced: tip needed 1, tip permitted 0", LedgerFeeTooLow),
        ("max fee per gas less than block base fee", LedgerFeeTooLow),
        ("FeeTooLow, MaxFeePerGas too low", LedgerFeeTooLow),
        ("Gas price below configured minimum gas price", LedgerFeeTooLow),
        ("txpool is full", LedgerBusy),
        ("daily request count exceeded, request rate limited: rate limit", LedgerBusy),
        ("execution reverted", PostingRefused),
        ("exceeds block gas limit", PostingRefused),
        ("intrinsic gas too low: gas 1, minimum needed 21000", PostingRefused),
        ("oversized data: transaction size 200000, limit 131072", PostingRefused),
        ("invalid chain id for signer: have 1 want 2", PostingRefused),
        ("invalid sender", PostingRefused),
    ],
)
def test_words_become_errors(message: str, kind: type[Exception]) -> None:
    assert type(translate_refusal(JsonRpcError(-32000, message))) is kind


def test_words_nobody_knows_stay_transient() -> None:
    error = JsonRpcError(-32603, "internal error")
    assert translate_refusal(error) is error


def test_a_contract_error_has_its_name_and_arguments() -> None:
    assert describe_revert(WRONG_NUMBER) == "WrongNumber(5, 7)"


@pytest.mark.parametrize("data", ["0x" + WRONG_NUMBER.hex(), {"data": "0x" + WRONG_NUMBER.hex(), "message": "revert"}])
def test_revert_data_is_found_where_nodes_put_it(data: object) -> None:
    error = JsonRpcError(3, "execution reverted", data)
    assert find_revert(error) == "WrongNumber(5, 7)"
    assert str(translate_refusal(error)) == "posting refused by the ledger: WrongNumber(5, 7)"


@pytest.mark.parametrize("data", [None, 7, "no hex", "0xzz", {"other": 1}])
def test_what_is_no_revert_data(data: object) -> None:
    assert find_revert(JsonRpcError(-32000, "error", data)) is None


def test_reverts_of_other_contracts_are_shown_as_they_are() -> None:
    text = keccak(b"Error(string)")[:4] + abi_encode(["string"], ["paused"])
    assert describe_revert(text) == "Error(paused)"
    assert describe_revert(b"") == "reverted"
    assert describe_revert(b"\x01\x02\x03\x04") == "reverted with 0x01020304"
    assert describe_revert(WRONG_NUMBER[:20]) == "WrongNumber"
