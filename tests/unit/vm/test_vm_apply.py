"""Transactions and deposits on a state: who pays what, what stays after a failure, what a block's sealer is told."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vm_states import (
    BASE_FEE,
    CONTRACT,
    ETHER,
    GWEI,
    LIMITS,
    OTHER,
    RULE,
    SENDER,
    STRANGER,
    deployer,
    push,
    run,
    state_with,
    store,
    transaction,
)

from rollup.core.block import Log
from rollup.core.deposit import Deposit
from rollup.core.errors import ExecutionTooLong
from rollup.core.ids import Address, Hash
from rollup.vm.accounts import BlankSource
from rollup.vm.apply import TransactionLimits, apply_deposit, apply_transaction
from rollup.vm.messages import contract_address_of

PRICE = BASE_FEE + GWEI // 10
REVERTING = store(1, 7) + b"\x5f\x5f\xfd"
SPINNING = b"\x5b\x5f\x56"
LOGGING = push(0xAB) + b"\x5f\x53" + push(7) + push(1) + b"\x5f\xa1"


def test_a_transfer_moves_value_and_pays_the_coinbase_its_tip() -> None:
    state = state_with()
    outcome = run(state, value=ETHER)
    assert (outcome.status, outcome.gas_used, outcome.effective_gas_price) == (1, 21_000, PRICE)
    assert state.get_balance(STRANGER) == ETHER
    assert state.get_balance(SENDER) == 9 * ETHER - 21_000 * PRICE
    assert state.get_balance(RULE.coinbase) == 21_000 * (PRICE - BASE_FEE)
    assert state.get_nonce(SENDER) == 1


def test_a_transfer_to_oneself_costs_the_gas_alone() -> None:
    state = state_with()
    run(state, to=SENDER, value=ETHER)
    assert state.get_balance(SENDER) == 10 * ETHER - 21_000 * PRICE


def test_a_transfer_of_nothing_makes_no_account() -> None:
    """EIP-161."""
    state = state_with()
    run(state, value=0)
    assert not state.account_exists(STRANGER)
    assert state.changes().accounts[STRANGER] is None


def test_a_revert_keeps_fee_and_nonce_and_nothing_else() -> None:
    state = state_with(REVERTING)
    outcome = run(state, to=CONTRACT, value=5)
    assert (outcome.status, outcome.logs) == (0, ())
    assert state.get_storage(CONTRACT, 1) == 0
    assert state.get_balance(CONTRACT) == 0
    assert state.get_balance(SENDER) == 10 * ETHER - outcome.gas_used * PRICE
    assert state.get_nonce(SENDER) == 1


def test_running_out_of_gas_takes_all_of_it() -> None:
    outcome = run(state_with(SPINNING), to=CONTRACT, gas=60_000)
    assert (outcome.status, outcome.gas_used) == (0, 60_000)


def test_a_creation_runs_init_code_and_keeps_what_it_returns() -> None:
    state = state_with()
    outcome = run(state, to=None, value=0, data=deployer(b"\x60\x01"))
    assert outcome.contract_address == contract_address_of(SENDER, 0)
    assert state.get_code(outcome.contract_address) == b"\x60\x01"
    assert state.get_nonce(outcome.contract_address) == 1


@pytest.mark.parametrize("runtime", [bytes(24_577), b"\xef\x00", bytes(24_000)], ids=["size", "0xef", "unpaid"])
def test_code_that_may_not_be_kept_fails_the_creation(runtime) -> None:
    """EIPs 170 and 3541, and 200 gas per byte."""
    state = state_with()
    outcome = run(state, to=None, value=0, data=deployer(runtime), gas=900_000 + 4 * len(runtime))
    assert (outcome.status, outcome.gas_used) == (0, 900_000 + 4 * len(runtime))
    assert not state.account_exists(outcome.contract_address)


def test_logs_come_in_the_order_of_events_and_only_from_calls_that_held() -> None:
    inner = Address(b"\xdd" * 20)
    call_inner = b"\x5f" * 5 + push(int.from_bytes(inner, "big")) + b"\x5a\xf1\x50"
    state = state_with(LOGGING + call_inner + LOGGING)
    state.set_code(inner, push(9) + b"\x5f\x5f\xa1")
    outcome = run(state, to=CONTRACT, value=0)
    topic = [Hash(number.to_bytes(32, "big")) for number in range(10)]
    outer = Log(CONTRACT, (topic[7],), b"\xab")
    assert outcome.logs == (outer, Log(inner, (topic[9],), b""), outer)
    state.set_code(inner, push(9) + b"\x5f\x5f\xa1\xfe")
    assert run(state, to=CONTRACT, value=0, gas=500_000).logs == (outer, outer)


def test_clearing_storage_refunds_at_most_a_fifth() -> None:
    """EIP-3529: two slots cleared earn 9,600, of 31,010 used a fifth is 6,202."""
    state = state_with(b"".join(store(slot, 0) for slot in (1, 2)))
    for slot in (1, 2):
        state.set_storage(CONTRACT, slot, 5)
    state.end_transaction()
    before_refund = 21_000 + 2 * (5_000 + 5)
    assert run(state, to=CONTRACT, value=0).gas_used == before_refund - before_refund // 5


def test_calldata_pays_its_floor() -> None:
    """EIP-7623: 100 non-zero bytes are 400 tokens of 10 gas."""
    assert run(state_with(), data=b"\x01" * 100).gas_used == 21_000 + 4_000


def test_access_lists_make_warm() -> None:
    read = push(5) + b"\x54\x50"
    listed = ((CONTRACT, (Hash((5).to_bytes(32, "big")),)),)
    cold = run(state_with(read), to=CONTRACT, value=0).gas_used
    warm = run(state_with(read), to=CONTRACT, value=0, access_list=listed).gas_used
    assert warm == cold + 2_400 + 1_900 - 2_000


def test_a_contract_destroyed_in_the_transaction_that_made_it_is_gone() -> None:
    """EIP-6780, and its balance goes to the beneficiary."""
    state = state_with()
    outcome = run(state, to=None, value=7, data=push(int.from_bytes(STRANGER, "big")) + b"\xff")
    assert outcome.status == 1
    assert not state.account_exists(outcome.contract_address)
    assert state.get_balance(STRANGER) == 7


def test_an_older_contract_that_destroys_itself_stays_without_its_balance() -> None:
    state = state_with(push(int.from_bytes(STRANGER, "big")) + b"\xff")
    run(state, to=CONTRACT, value=7)
    assert state.get_code(CONTRACT) != b""
    assert (state.get_balance(CONTRACT), state.get_balance(STRANGER)) == (0, 7)


def test_transient_storage_ends_with_the_transaction() -> None:
    state = state_with(b"\x5f\x5c" + push(1) + b"\x55" + push(9) + b"\x5f\x5d")
    for _ in range(2):
        assert run(state, to=CONTRACT, value=0).status == 1
        assert state.get_storage(CONTRACT, 1) == 0


def test_past_the_deadline_nothing_has_happened() -> None:
    state = state_with(store(1, 2) + SPINNING.replace(b"\x5f", push(5)))
    before = state.changes()
    limits = replace(LIMITS, deadline=0.0)
    with pytest.raises(ExecutionTooLong):
        apply_transaction(state, transaction(to=CONTRACT), SENDER, limits=limits)
    assert state.changes().accounts.keys() >= before.accounts.keys()
    assert (state.get_balance(SENDER), state.get_nonce(SENDER), state.get_storage(CONTRACT, 1)) == (10 * ETHER, 0, 0)
    assert run(state).status == 1


def test_changes_name_what_was_written_and_an_advance_forgets_them() -> None:
    state = state_with(store(1, 2))
    state.advance(BlankSource(), {})
    run(state, to=CONTRACT, value=3)
    changes = state.changes()
    assert set(changes.accounts) == {SENDER, CONTRACT, RULE.coinbase}
    assert changes.slots == {CONTRACT: {1: 2}}
    assert changes.accounts[CONTRACT].balance == 3
    state.advance(BlankSource(), {CONTRACT: Hash(b"\x09" * 32)})
    assert not state.changes().accounts
    assert state.read_account(CONTRACT).storage_root == b"\x09" * 32
    assert state.get_storage(CONTRACT, 1) == 2


# --- deposits ---------------------------------------------------------------------------------------------------------

ALIAS = Address(b"\xa1" * 20)


def deposit(**changes) -> Deposit:
    plain = Deposit(Hash(b"\x05" * 32), ALIAS, STRANGER, ETHER, ETHER // 4, 100_000, is_system=False, data=b"")
    return replace(plain, **changes)


def test_a_deposit_mints_and_pays_no_gas() -> None:
    state = state_with()
    outcome = apply_deposit(state, deposit())
    assert (outcome.status, outcome.gas_used, outcome.effective_gas_price) == (1, 21_000, 0)
    assert state.get_balance(ALIAS) == ETHER - ETHER // 4
    assert state.get_balance(STRANGER) == ETHER // 4
    assert state.get_nonce(ALIAS) == 1
    assert not state.account_exists(RULE.coinbase)


@pytest.mark.parametrize(
    ("changes", "gas_used"),
    [
        ({"to": CONTRACT}, None),
        ({"value": 2 * ETHER}, 100_000),
        ({"gas": 20_000}, 20_000),
        ({"gas": 0}, 0),
        ({"to": None, "data": bytes(49_153), "gas": 10**7}, 10**7),
        ({"to": CONTRACT, "data": b"\x01" * 10_000}, 100_000),
    ],
    ids=["reverts", "value not covered", "gas too low", "no gas", "init code too large", "floor of data"],
)
def test_a_failed_deposit_keeps_the_mint_and_the_nonce(changes, gas_used) -> None:
    state = state_with(REVERTING)
    outcome = apply_deposit(state, deposit(**changes))
    assert outcome.status == 0
    assert gas_used is None or outcome.gas_used == gas_used
    assert (state.get_balance(ALIAS), state.get_nonce(ALIAS)) == (ETHER, 1)
    assert state.get_storage(CONTRACT, 1) == 0


def test_a_deposit_creates_a_contract() -> None:
    state = state_with()
    outcome = apply_deposit(state, deposit(to=None, value=0, data=deployer(b"\x00")))
    assert outcome.contract_address == contract_address_of(ALIAS, 0)
    assert state.get_code(outcome.contract_address) == b"\x00"


def test_a_deposit_has_no_more_gas_than_a_transaction_may() -> None:
    state = state_with(SPINNING, rule=replace(RULE, transaction_gas_max=10**6))
    outcome = apply_deposit(state, deposit(to=CONTRACT, gas=2**63))
    assert (outcome.status, outcome.gas_used) == (0, 10**6)


def test_a_deposit_may_come_from_an_account_with_code() -> None:
    state = state_with()
    state.set_code(ALIAS, b"\x00")
    assert apply_deposit(state, deposit()).status == 1


def test_minting_stops_at_the_largest_balance() -> None:
    state = state_with()
    for _ in range(2):
        apply_deposit(state, deposit(mint=2**256 - 1, value=0))
    assert state.get_balance(ALIAS) == 2**256 - 1


@settings(max_examples=60, deadline=None)
@given(
    transfers=st.lists(
        st.tuples(st.sampled_from([SENDER, OTHER]), st.sampled_from([SENDER, OTHER, STRANGER]), st.integers(0, ETHER)),
        max_size=12,
    )
)
def test_wei_is_neither_made_nor_lost_but_burned_as_base_fee(transfers) -> None:
    state = state_with()
    burned = sum(run(state, sender, to=to, value=value).gas_used for sender, to, value in transfers) * BASE_FEE
    held = sum(state.get_balance(each) for each in (SENDER, OTHER, STRANGER, RULE.coinbase))
    assert held + burned == 20 * ETHER


def test_a_block_that_is_full_takes_no_more() -> None:
    limits = TransactionLimits(gas_left=21_000)
    assert apply_transaction(state_with(), transaction(gas=21_000), SENDER, limits=limits).status == 1
