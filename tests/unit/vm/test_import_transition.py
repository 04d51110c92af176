"""One transaction under a named fork: roots, logs and receipts, refusals, and what only Osaka has."""

from typing import Any

import pytest
from eth_account import Account
from foreign_chain import ACCOUNTS, COIN, KEYS

from rollup.core.errors import BadConfig
from rollup.core.forks import Fork
from rollup.core.genesis import GenesisAccount
from rollup.core.hashes import keccak
from rollup.core.ids import Address
from rollup.vm.forks.p256 import is_p256_signature
from rollup.vm.transition import (
    FORKS,
    NO_LOGS_HASH,
    TransitionEnvironment,
    TransitionResult,
    find_fork,
    run_transition,
)

TARGET = Address(b"\x99" * 20)
COINBASE = Address(b"\xcb" * 20)
ENVIRONMENT = TransitionEnvironment(coinbase=COINBASE, base_fee=10, gas_limit=30_000_000)
RESET = bytes.fromhex("600160015500")
P256_SAMPLE = bytes.fromhex(
    "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
"""RFC 6979, appendix A.2.5: SHA-256 of "sample", its signature and the key."""


def run(fork: str, code: bytes, storage: tuple[tuple[int, int], ...] = (), **fields: Any) -> TransitionResult:
    given = {"nonce": 0, "gas": 200_000, "gasPrice": 100, "to": TARGET, "value": 0, "data": b""} | fields
    if find_fork(fork) >= Fork.SPURIOUS_DRAGON:
        given.setdefault("chainId", 1)
    raw = bytes(Account.sign_transaction(given, KEYS[0]).raw_transaction)
    pre = [
        (Address(ACCOUNTS[0]), GenesisAccount(balance=COIN)),
        (TARGET, GenesisAccount(balance=3, nonce=1, code=code, storage=storage)),
    ]
    return run_transition(find_fork(fork), pre, ENVIRONMENT, raw)


def test_a_transaction_has_a_root_logs_and_a_receipt() -> None:
    result = run("Prague", bytes.fromhex("60075f5fa1"))
    assert result.rejected == ""
    assert result.receipt is not None
    assert (result.receipt.status, len(result.receipt.logs)) == (1, 1)
    assert result.receipt.gas_used == 21_000 + 3 + 2 + 2 + 750
    assert result.logs_hash != NO_LOGS_HASH


@pytest.mark.parametrize("fork", FORKS)
def test_every_fork_resets_a_slot_for_the_same_price(fork: str) -> None:
    result = run(fork, RESET, ((1, 5),))
    assert result.receipt is not None
    assert result.receipt.gas_used == 21_000 + 6 + 5_000
    assert (result.receipt.state_root is None) == (find_fork(fork) >= Fork.BYZANTIUM)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"nonce": 1}, "NonceTooHigh"),
        ({"value": 2 * COIN}, "InsufficientFunds"),
        ({"gas": 20_000}, "IntrinsicGasTooLow"),
        ({"gasPrice": 9}, "FeeTooLow"),
        ({"chainId": 2}, "WrongChain"),
    ],
)
def test_what_no_block_may_contain_changes_nothing(fields: dict[str, Any], words: str) -> None:
    refused, other = run("Prague", b"\x00", **fields), run("Prague", b"\x00", **{**fields, "data": b"\x01"})
    assert refused.receipt is None
    assert refused.rejected.startswith(words)
    assert refused.state_root == other.state_root
    assert refused.logs_hash == NO_LOGS_HASH


def test_replay_protection_begins_with_eip_155() -> None:
    assert run("EIP150", b"\x00", chainId=1).rejected.startswith("WrongChain")
    assert run("EIP158", b"\x00", chainId=1).rejected == ""


def test_types_wait_for_their_fork() -> None:
    raw_fields = {"type": 2, "maxFeePerGas": 100, "maxPriorityFeePerGas": 1, "gasPrice": None}
    fields = {name: value for name, value in raw_fields.items() if value is not None}

    def run_typed(fork: Fork) -> TransitionResult:
        given = {"nonce": 0, "gas": 50_000, "to": TARGET, "value": 1, "chainId": 1} | fields
        raw = bytes(Account.sign_transaction(given, KEYS[0]).raw_transaction)
        return run_transition(fork, [(Address(ACCOUNTS[0]), GenesisAccount(balance=COIN))], ENVIRONMENT, raw)

    assert run_typed(Fork.BERLIN).rejected.startswith("UnsupportedTransactionType")
    assert run_typed(Fork.LONDON).rejected == ""


def test_before_eip_161_a_touched_coinbase_stays() -> None:
    assert run("EIP150", b"\x00", gasPrice=0).state_root != run("EIP158", b"\x00", gasPrice=0).state_root


def test_instructions_that_a_fork_lacks_fail() -> None:
    for code, first in (("5f00", Fork.SHANGHAI), ("48", Fork.LONDON), ("46", Fork.ISTANBUL), ("60011e", Fork.OSAKA)):
        for name, fork in FORKS.items():
            receipt = run(name, bytes.fromhex(code)).receipt
            assert receipt is not None
            assert receipt.status == (1 if fork >= first else 0), (code, name)


def test_osaka_bounds_the_gas_of_a_transaction() -> None:
    assert run("Prague", b"\x00", gas=2**24 + 1).rejected == ""
    assert run("Osaka", b"\x00", gas=2**24 + 1).rejected.startswith("TransactionGasCapExceeded")


def test_osaka_counts_leading_zeros() -> None:
    """PUSH1 1 CLZ PUSH0 SSTORE leaves 255, as PUSH1 255 PUSH0 SSTORE does."""
    counted, written = run("Osaka", bytes.fromhex("60011e5f55")), run("Osaka", bytes.fromhex("60ff5f5500"))
    assert counted.receipt is not None
    assert written.receipt is not None
    assert counted.receipt.gas_used == written.receipt.gas_used + 5


def test_p256_takes_true_signatures_only() -> None:
    assert is_p256_signature(P256_SAMPLE)
    for at in range(0, 160, 32):
        assert not is_p256_signature(P256_SAMPLE[:at] + keccak(b"") + P256_SAMPLE[at + 32 :])
        assert not is_p256_signature(P256_SAMPLE[:at] + bytes(32) + P256_SAMPLE[at + 32 :])


def test_unknown_forks_are_named() -> None:
    with pytest.raises(BadConfig, match="Atlantis"):
        find_fork("Atlantis")
