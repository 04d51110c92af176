"""States in memory for tests of transactions and calls: funded accounts, code, signed transactions."""

from dataclasses import replace
from typing import Any

import rlp

from rollup.core.genesis import ChainRule
from rollup.core.hashes import address_of, keccak, sign_hash
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.rlp_items import uint_bytes
from rollup.core.transaction import Authorization, Transaction
from rollup.vm.accounts import BlankSource
from rollup.vm.apply import TransactionLimits, TransactionOutcome, apply_transaction
from rollup.vm.fork import BlockEnvironment, ChainState, make_state

CHAIN_ID = 77
KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32
SENDER, OTHER = address_of(KEY), address_of(OTHER_KEY)
CONTRACT = Address(b"\xcc" * 20)
STRANGER = Address(b"\xee" * 20)
ETHER = 10**18
GWEI = 10**9
BASE_FEE = GWEI
RULE = ChainRule(chain_id=CHAIN_ID)
LIMITS = TransactionLimits(gas_left=30_000_000)


def environment(rule: ChainRule = RULE, base_fee: int = BASE_FEE) -> BlockEnvironment:
    return BlockEnvironment(
        rule, BlockNumber(10), 1_700_000_000, base_fee, Hash(b"\x0a" * 32), lambda number: keccak(bytes([number]))
    )


def state_with(code: bytes = b"", rule: ChainRule = RULE) -> ChainState:
    """SENDER and OTHER hold 10 ether each; CONTRACT runs ``code``."""
    state = make_state(BlankSource(), environment(rule))
    for address in (SENDER, OTHER):
        state.set_balance(address, 10 * ETHER)
    if code:
        state.set_nonce(CONTRACT, 1)
        state.set_code(CONTRACT, code)
    state.end_transaction()
    return state


def push(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([0x5F + len(data)]) + data


def store(slot: int, value: int) -> bytes:
    return push(value) + push(slot) + b"\x55"


def deployer(runtime: bytes) -> bytes:
    """Init code that returns ``runtime``."""
    size = push(len(runtime))
    return size + b"\x80" + push(len(size) + 7) + b"\x5f\x39\x5f\xf3" + runtime


def transaction(**changes: Any) -> Transaction:
    """An EIP-1559 transfer of 1 wei from SENDER to STRANGER, changed as asked; not signed: the sender is given."""
    plain = Transaction(
        raw=b"\x02" * 110,
        hash=Hash(b"\x01" * 32),
        type=2,
        chain_id=CHAIN_ID,
        nonce=0,
        max_fee=2 * GWEI,
        max_tip=GWEI // 10,
        gas=100_000,
        to=STRANGER,
        value=1,
        data=b"",
        access_list=(),
        authorizations=(),
        v=0,
        r=1,
        s=1,
        signing_hash=Hash(b"\x02" * 32),
    )
    return replace(plain, **changes)


def run(state: ChainState, sender: Address = SENDER, **changes: Any) -> TransactionOutcome:
    changes.setdefault("nonce", state.get_nonce(sender))
    return apply_transaction(state, transaction(**changes), sender, limits=LIMITS)


def authorize(key: bytes, delegate: Address, nonce: int, chain_id: int = CHAIN_ID) -> Authorization:
    digest = keccak(b"\x05" + rlp.encode([uint_bytes(chain_id), delegate, uint_bytes(nonce)]))
    signature = sign_hash(key, digest)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    return Authorization(chain_id, delegate, nonce, signature[64] - 27, r, s)
