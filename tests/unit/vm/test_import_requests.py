"""What a block does beside its transactions: calls of system contracts, requests, rewards, withdrawals."""

from dataclasses import replace
from hashlib import sha256

import pytest

from rollup.core.block import BlockHeader, Log, Withdrawal
from rollup.core.errors import InvalidBlock
from rollup.core.forks import DEPOSIT_CONTRACT, Fork, ForkSchedule
from rollup.core.genesis import ChainRule
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, Hash
from rollup.vm.accounts import BlankSource
from rollup.vm.fork import BlockEnvironment, ChainState, make_state
from rollup.vm.forks.requests import (
    BEACON_ROOTS,
    BLOCK_HASHES,
    CONSOLIDATION_REQUESTS,
    DEPOSIT_TOPIC,
    WITHDRAWAL_REQUESTS,
    collect_requests,
    hash_requests,
    open_block,
)
from rollup.vm.forks.rewards import COIN, pay_miners, pay_withdrawals
from rollup.vm.headers import build_genesis_header

KEEP_CALLDATA = bytes.fromhex("60003560005500")
"""Stores the first word of the calldata in slot 0."""
ANSWER_TWO_BYTES = bytes.fromhex("61abcd6000526002601ef3")
FAIL = bytes.fromhex("fe")
MINER, OTHER = Address(b"\xc0" * 20), Address(b"\xc1" * 20)


def make_block(fork: Fork) -> tuple[ChainState, BlockHeader]:
    """An empty state in a block of this fork, with parent hash and beacon root of 0x01... and 0x02..."""
    rule = ChainRule(1, forks=ForkSchedule(()))
    header = replace(
        build_genesis_header(rule, 1_000, ZERO_HASH),
        number=BlockNumber(10),
        coinbase=MINER,
        parent_hash=Hash(b"\x01" * 32),
        parent_beacon_root=Hash(b"\x02" * 32),
    )
    environment = BlockEnvironment(rule, header.number, 1_000, 0, ZERO_HASH, lambda _: ZERO_HASH, fork)
    return make_state(BlankSource(), environment), header


def put_code(state: ChainState, address: Address, code: bytes) -> None:
    state.set_nonce(address, 1)
    state.set_code(address, code)
    state.end_transaction()


@pytest.mark.parametrize(
    ("fork", "called"),
    [(Fork.SHANGHAI, []), (Fork.CANCUN, [BEACON_ROOTS]), (Fork.PRAGUE, [BEACON_ROOTS, BLOCK_HASHES])],
)
def test_a_block_tells_its_contracts_where_it_stands(fork: Fork, called: list[Address]) -> None:
    state, header = make_block(fork)
    for contract in (BEACON_ROOTS, BLOCK_HASHES):
        put_code(state, contract, KEEP_CALLDATA)
    open_block(state, header)
    told = {address: state.get_storage(address, 0).to_bytes(32, "big") for address in (BEACON_ROOTS, BLOCK_HASHES)}
    wanted = {BEACON_ROOTS: header.parent_beacon_root, BLOCK_HASHES: header.parent_hash}
    assert told == {address: wanted[address] if address in called else bytes(32) for address in told}


def test_a_contract_that_fails_or_is_not_there_stops_no_block_at_its_start() -> None:
    state, header = make_block(Fork.PRAGUE)
    put_code(state, BEACON_ROOTS, FAIL)
    open_block(state, header)
    assert not state.account_exists(BLOCK_HASHES)


def test_requests_are_numbered_and_empty_ones_left_out() -> None:
    state, _ = make_block(Fork.PRAGUE)
    put_code(state, CONSOLIDATION_REQUESTS, ANSWER_TWO_BYTES)
    assert collect_requests(state, DEPOSIT_CONTRACT, ()) == (b"\x02\xab\xcd",)
    put_code(state, WITHDRAWAL_REQUESTS, ANSWER_TWO_BYTES)
    requests = collect_requests(state, DEPOSIT_CONTRACT, ())
    assert requests == (b"\x01\xab\xcd", b"\x02\xab\xcd")
    assert hash_requests(requests) == sha256(b"".join(sha256(each).digest() for each in requests)).digest()
    assert hash_requests(()) == sha256(b"").digest()


def test_a_request_contract_that_fails_makes_the_block_invalid() -> None:
    state, _ = make_block(Fork.PRAGUE)
    put_code(state, WITHDRAWAL_REQUESTS, FAIL)
    with pytest.raises(InvalidBlock, match="system contract 0x00000961"):
        collect_requests(state, DEPOSIT_CONTRACT, ())


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


PARTS = (b"\xaa" * 48, b"\xbb" * 32, b"\xcc" * 8, b"\xdd" * 96, b"\xee" * 8)
DEPOSIT = b"".join(word(at) for at in (160, 256, 320, 384, 512)) + b"".join(
    word(len(part)) + part.ljust((len(part) + 31) // 32 * 32, b"\x00") for part in PARTS
)


def test_deposits_are_read_from_logs_of_their_contract() -> None:
    state, _ = make_block(Fork.PRAGUE)
    logs = [
        Log(DEPOSIT_CONTRACT, (DEPOSIT_TOPIC,), DEPOSIT),
        Log(OTHER, (DEPOSIT_TOPIC,), DEPOSIT),
        Log(DEPOSIT_CONTRACT, (ZERO_HASH,), b"something else"),
    ]
    assert collect_requests(state, DEPOSIT_CONTRACT, logs) == (b"\x00" + b"".join(PARTS),)


@pytest.mark.parametrize("data", [DEPOSIT[:-1], word(161) + DEPOSIT[32:], DEPOSIT[:160] + word(47) + DEPOSIT[192:]])
def test_a_deposit_of_another_form_makes_the_block_invalid(data: bytes) -> None:
    state, _ = make_block(Fork.PRAGUE)
    with pytest.raises(InvalidBlock, match="another form"):
        collect_requests(state, DEPOSIT_CONTRACT, [Log(DEPOSIT_CONTRACT, (DEPOSIT_TOPIC,), data)])


@pytest.mark.parametrize(("fork", "coins"), [(Fork.HOMESTEAD, 5), (Fork.BYZANTIUM, 3), (Fork.LONDON, 2)])
def test_miners_of_blocks_and_ommers_are_paid(fork: Fork, coins: int) -> None:
    state, header = make_block(fork)
    pay_miners(state, header, (replace(header, number=BlockNumber(8), coinbase=OTHER),))
    assert state.get_balance(MINER) == coins * COIN * 33 // 32
    assert state.get_balance(OTHER) == coins * COIN * 6 // 8


def test_withdrawals_are_in_gwei_and_nothing_makes_no_account() -> None:
    state, _ = make_block(Fork.SHANGHAI)
    pay_withdrawals(state, (Withdrawal(0, 0, MINER, 3), Withdrawal(1, 0, OTHER, 0)))
    assert state.get_balance(MINER) == 3 * 10**9
    assert not state.account_exists(OTHER)
