"""A small chain for tests of the virtual machine node: funded accounts, signed transactions, blocks of work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_account import Account

from contracts.predeploys import PREDEPLOYS
from rollup.core.block import Block
from rollup.core.execution import BlockResult, BlockWork, Candidate
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount
from rollup.core.hashes import address_of
from rollup.core.ids import Address, BlockNumber
from rollup.vm.engine import Engine

CHAIN_ID = 7777
KEYS = tuple(number.to_bytes(32, "big") for number in range(1, 9))
ACCOUNTS = tuple(address_of(key) for key in KEYS)
ETHER = 10**18

COUNTER = Address(b"\xc0" * 20)
"""Adds one to its slot 0: PUSH0 SLOAD PUSH1 1 ADD PUSH0 SSTORE."""
COUNTER_CODE = bytes.fromhex("5f546001015f5500")

ANCESTOR = Address(b"\xa0" * 20)
"""Stores in slot 0 the BLOCKHASH of the block whose number is the calldata."""
ANCESTOR_CODE = bytes.fromhex("5f35405f5500")

SPINNER = Address(b"\x50" * 20)
"""Loops until its gas is gone: JUMPDEST PUSH0 JUMP."""
SPINNER_CODE = bytes.fromhex("5b5f56")

LOGGER = Address(b"\x10" * 20)
"""LOG1 with empty data and topic 7."""
LOGGER_CODE = bytes.fromhex("60075f5fa100")

RULE = ChainRule(chain_id=CHAIN_ID)


def build_genesis_of(rule: ChainRule = RULE, extra: tuple[tuple[Address, GenesisAccount], ...] = ()) -> ChainGenesis:
    funded = tuple((address, GenesisAccount(balance=1000 * ETHER)) for address in ACCOUNTS)
    contracts = (
        (COUNTER, GenesisAccount(nonce=1, code=COUNTER_CODE, storage=((0, 41),))),
        (ANCESTOR, GenesisAccount(nonce=1, code=ANCESTOR_CODE)),
        (SPINNER, GenesisAccount(nonce=1, code=SPINNER_CODE)),
        (LOGGER, GenesisAccount(nonce=1, code=LOGGER_CODE)),
    )
    predeploys = tuple((address, GenesisAccount(nonce=1, code=code)) for address, code in PREDEPLOYS)
    return ChainGenesis(rule, 1_700_000_000, funded + contracts + predeploys + extra)


GENESIS = build_genesis_of()


def sign(key: int, nonce: int, to: Address | None = COUNTER, **changes: Any) -> Candidate:
    """A signed EIP-1559 transaction of account number ``key``; the sender comes with it."""
    fields = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "maxFeePerGas": 3 * 10**9,
        "maxPriorityFeePerGas": 10**6,
        "gas": 100_000,
        "value": 0,
        "data": b"",
    } | changes
    if to is not None:
        fields["to"] = to
    signed = Account.sign_transaction(fields, KEYS[key])
    return Candidate(bytes(signed.raw_transaction), ACCOUNTS[key])


def sign_legacy(key: int, nonce: int, to: Address) -> Candidate:
    """A signed transaction from before the typed envelopes (EIP-155)."""
    fields = {"chainId": CHAIN_ID, "nonce": nonce, "gasPrice": 3 * 10**9, "gas": 100_000, "to": to, "value": 0}
    return Candidate(bytes(Account.sign_transaction(fields, KEYS[key]).raw_transaction), ACCOUNTS[key])


def work_on(engine: Engine, *candidates: Candidate, **changes: Any) -> BlockWork:
    """Work for the next block. Its time budget is generous: tests do not race the clock."""
    head = engine.head().header
    work = BlockWork(BlockNumber(head.number + 1), head.hash, head.timestamp + 1, candidates, time_budget_s=30.0)
    return replace(work, **changes)


def execute(engine: Engine, *candidates: Candidate, **changes: Any) -> BlockResult:
    return engine.execute_block(work_on(engine, *candidates, **changes), lambda: None)


def seal(engine: Engine, *candidates: Candidate, **changes: Any) -> Block:
    """Execute a block in which nothing may be dropped."""
    result = execute(engine, *candidates, **changes)
    assert result.dropped == ()
    assert result.block is not None
    return result.block


def open_engine(path: Path, genesis: ChainGenesis = GENESIS) -> Engine:
    return Engine.open(path / "vm", genesis)
