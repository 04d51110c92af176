"""Accounts and transactions for the sequencer's tests: unsigned ones for pure parts, signed ones for whole paths."""

from eth_account import Account

from rollup.core.execution import AccountState
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_HASH, Address
from rollup.core.transaction import Transaction, decode_transaction

CHAIN_ID = 7_717
GWEI = 10**9
ETHER = 10**18


def key_of(index: int) -> bytes:
    return (index + 1).to_bytes(32, "big")


def account_of(index: int, nonce: int = 0, balance: int = 10 * ETHER) -> AccountState:
    return AccountState(Address(index.to_bytes(20, "big")), nonce, balance, EMPTY_CODE_HASH, ZERO_HASH)


def transfer(index: int = 0, nonce: int = 0, cap: int = 2 * GWEI, tip: int = 0, size: int = 110) -> Transaction:
    """An unsigned transfer of 1 wei by ``account_of(index)`` with a raw form of this many bytes."""
    raw = repr((index, nonce, cap, tip)).encode().ljust(size, b"\x00")
    return Transaction(
        raw=raw,
        hash=keccak(raw),
        type=2,
        chain_id=CHAIN_ID,
        nonce=nonce,
        max_fee=cap,
        max_tip=tip,
        gas=21_000,
        to=Address(b"\x11" * 20),
        value=1,
        data=b"",
        access_list=(),
        authorizations=(),
        v=0,
        r=1,
        s=1,
        signing_hash=keccak(b"unsigned"),
    )


def signed_transfer(index: int = 0, nonce: int = 0, **more: object) -> Transaction:
    """A transfer signed by ``key_of(index)``; ``more`` overrides fields for eth-account, None removes."""
    fields: dict[str, object] = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "maxFeePerGas": 2 * GWEI,
        "maxPriorityFeePerGas": 0,
        "gas": 21_000,
        "to": "0x" + "11" * 20,
        "value": 1,
    } | more
    fields = {name: value for name, value in fields.items() if value is not None}
    return decode_transaction(bytes(Account.sign_transaction(fields, key_of(index)).raw_transaction))


def signer_of(index: int) -> Address:
    return address_of(key_of(index))
