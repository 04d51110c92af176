"""Validity without state, and against an account: the Prague rules with geth's words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.core.admission import (
    INIT_CODE_BYTES_MAX,
    check_account,
    check_transaction,
    floor_data_gas,
    intrinsic_gas,
    is_replay_protected,
    max_cost,
)
from rollup.core.errors import (
    EmptyAuthorizationList,
    FeeTooLow,
    FloorDataGasTooLow,
    GasLimitTooHigh,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    MissingRecipient,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    SenderNotEoa,
    TipAboveFeeCap,
    TransactionGasCapExceeded,
    TransactionRejected,
    TransactionTooLarge,
    UnsupportedTransactionType,
    ValueOverflow,
    WrongChain,
)
from rollup.core.execution import AccountState
from rollup.core.genesis import ChainRule
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_HASH, Address
from rollup.core.transaction import Authorization, Transaction

RULE = ChainRule(chain_id=7)
TO = Address(b"\x11" * 20)
AUTHORIZATION = Authorization(7, TO, 0, 0, 1, 1)
PLAIN = Transaction(
    raw=b"\x02" + bytes(100),
    hash=ZERO_HASH,
    type=2,
    chain_id=7,
    nonce=3,
    max_fee=100,
    max_tip=1,
    gas=21_000,
    to=TO,
    value=5,
    data=b"",
    access_list=(),
    authorizations=(),
    v=0,
    r=1,
    s=1,
    signing_hash=ZERO_HASH,
)
ACCOUNT = AccountState(
    Address(b"\x22" * 20), nonce=3, balance=2_100_005, code_hash=EMPTY_CODE_HASH, storage_root=ZERO_HASH
)


def varied(**fields: object) -> Transaction:
    return replace(PLAIN, **fields)  # type: ignore[arg-type]


# --- gas: figures worked out by hand from the EIPs --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "intrinsic", "floor"),
    [
        ({}, 21_000, 21_000),
        ({"data": b"\x00\x00\x01"}, 21_000 + 2 * 4 + 16, 21_000 + 10 * (2 + 4)),
        ({"to": None}, 53_000, 21_000),
        ({"to": None, "data": b"\x01" * 33}, 53_000 + 33 * 16 + 2 * 2, 21_000 + 33 * 40),
        ({"access_list": ((TO, (ZERO_HASH, ZERO_HASH)), (TO, ()))}, 21_000 + 2 * 2_400 + 2 * 1_900, 21_000),
        ({"authorizations": (AUTHORIZATION,) * 3}, 21_000 + 75_000, 21_000),
    ],
    ids=["plain", "calldata", "creation", "init code of two words", "access list", "authorizations"],
)
def test_gas_before_execution(fields: dict[str, object], intrinsic: int, floor: int) -> None:
    assert (intrinsic_gas(varied(**fields)), floor_data_gas(varied(**fields))) == (intrinsic, floor)


@given(st.binary(max_size=200))
def test_the_floor_is_above_the_intrinsic_gas_of_pure_calldata(data: bytes) -> None:
    assert floor_data_gas(varied(data=data)) >= intrinsic_gas(varied(data=data))


# --- without state ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"type": 0, "chain_id": None},
        {"type": 1},
        {"type": 4, "authorizations": (AUTHORIZATION,), "gas": 46_000},
        {"to": None, "data": b"\x00" * INIT_CODE_BYTES_MAX, "gas": 1_000_000},
        {"nonce": 2**64 - 2},
        {"gas": 16_777_216},
        {"max_fee": 2**256 - 1, "max_tip": 2**256 - 1, "value": 2**256 - 1},
        {"raw": bytes(98_304)},
    ],
    ids=str,
)
def test_what_is_valid_at_the_bound(fields: dict[str, object]) -> None:
    check_transaction(varied(**fields), RULE)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"type": 3}, UnsupportedTransactionType, "transaction type not supported"),
        ({"type": 0x7E}, UnsupportedTransactionType, "transaction type not supported"),
        ({"raw": bytes(98_305)}, TransactionTooLarge, "oversized data: transaction size 98305, limit 98304"),
        ({"chain_id": 8}, WrongChain, "invalid chain id for signer: have 8 want 7"),
        ({"type": 0, "chain_id": 0}, WrongChain, "invalid chain id for signer: have 0 want 7"),
        ({"type": 4}, EmptyAuthorizationList, "EIP-7702 transaction with empty auth list"),
        ({"type": 4, "to": None, "authorizations": (AUTHORIZATION,)}, MissingRecipient, "cannot create a contract"),
        (
            {"to": None, "data": bytes(49_153)},
            InitCodeTooLarge,
            "max initcode size exceeded: code size 49153, limit 49152",
        ),
        ({"value": 2**256}, ValueOverflow, "value exceeds 256 bits"),
        ({"max_fee": 2**256}, ValueOverflow, "value exceeds 256 bits"),
        (
            {"max_tip": 101},
            TipAboveFeeCap,
            "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: 101, maxFeePerGas: 100",
        ),
        ({"nonce": 2**64 - 1}, NonceMax, "nonce has max value: nonce 18446744073709551615"),
        ({"gas": 16_777_217}, TransactionGasCapExceeded, "transaction gas limit too high"),
        ({"gas": 20_999}, IntrinsicGasTooLow, "intrinsic gas too low: gas 20999, minimum needed 21000"),
        (
            {"data": b"\x01" * 10, "gas": 21_399},
            FloorDataGasTooLow,
            "insufficient gas for floor data gas cost: gas 21399, minimum needed 21400",
        ),
    ],
    ids=str,
)
def test_what_no_block_may_contain(fields: dict[str, object], error: type[TransactionRejected], words: str) -> None:
    with pytest.raises(error, match=words):
        check_transaction(varied(**fields), RULE)


def test_the_block_gas_limit_binds_where_it_is_the_smaller() -> None:
    with pytest.raises(GasLimitTooHigh, match="exceeds block gas limit: limit 100000, gas 100001"):
        check_transaction(varied(gas=100_001), replace(RULE, gas_limit=100_000))


def test_a_stand_alone_chain_may_carry_larger_transactions() -> None:
    check_transaction(varied(raw=bytes(120_000)), replace(RULE, transaction_bytes_max=131_072))


def test_replay_protection_is_a_chain_id() -> None:
    assert is_replay_protected(PLAIN)
    assert not is_replay_protected(varied(type=0, chain_id=None))


# --- against the account ----------------------------------------------------------------------------------------------


def test_the_account_must_cover_the_worst_case() -> None:
    assert max_cost(PLAIN) == ACCOUNT.balance
    check_account(PLAIN, ACCOUNT, 100, delegated=False)


@pytest.mark.parametrize(
    ("account", "base_fee", "error", "words"),
    [
        ({"nonce": 4}, 100, NonceTooLow, "nonce too low: next nonce 4, tx nonce 3"),
        ({"nonce": 2}, 100, NonceTooHigh, "nonce too high: next nonce 2, tx nonce 3"),
        ({}, 101, FeeTooLow, "max fee per gas less than block base fee: maxFeePerGas: 100, baseFee: 101"),
        (
            {"balance": 2_100_004},
            100,
            InsufficientFunds,
            r"insufficient funds for gas \* price \+ value: balance 2100004, tx cost 2100005, overshot 1",
        ),
        ({"code_hash": keccak(b"code")}, 100, SenderNotEoa, "sender not an eoa: address 0x2222"),
    ],
    ids=str,
)
def test_what_cannot_run_now(
    account: dict[str, object], base_fee: int, error: type[TransactionRejected], words: str
) -> None:
    with pytest.raises(error, match=words):
        check_account(PLAIN, replace(ACCOUNT, **account), base_fee, delegated=False)  # type: ignore[arg-type]


def test_a_delegated_account_is_still_its_owners() -> None:
    check_account(PLAIN, replace(ACCOUNT, code_hash=keccak(b"designator")), 100, delegated=True)
