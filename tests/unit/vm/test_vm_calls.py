"""eth_call and eth_estimateGas: geth's checks and words, exact estimates, and no trace in the state."""

from contextlib import suppress
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
    state_with,
    store,
    transaction,
)

from rollup.core import errors
from rollup.core.execution import AccountOverride, CallRequest
from rollup.core.ids import Address
from rollup.vm.apply import apply_transaction
from rollup.vm.calls import CallLimits, run_call
from rollup.vm.estimates import estimate_gas

CALL_LIMITS = CallLimits(gas_max=5_000_000)
ANSWER = b"\x5f\x52\x60\x20\x5f\xf3"  # return the word on the stack
NOBODY = Address(b"\x99" * 20)


def call(state, code_or_to=CONTRACT, limits=CALL_LIMITS, **fields):
    fields.setdefault("sender", SENDER)
    return run_call(state, CallRequest(to=code_or_to, **fields), limits)


def answer_of(code: bytes, **fields) -> int:
    result = call(state_with(code + ANSWER), **fields)
    assert not result.error
    return int.from_bytes(result.output, "big")


def test_a_call_answers_with_output_and_gas() -> None:
    result = call(state_with(push(42) + ANSWER))
    assert int.from_bytes(result.output, "big") == 42
    assert (result.gas_used, result.reverted, result.error) == (21_016, False, "")


def test_a_revert_is_a_value_with_its_data() -> None:
    result = call(state_with(push(0xBEEF) + b"\x5f\x52\x60\x02\x60\x1e\xfd"))
    assert (result.output, result.reverted, result.error) == (b"\xbe\xef", True, "")


FAILURES = [
    (b"\x5b\x5f\x56", "out of gas"),
    (b"\xfe", "invalid opcode: INVALID"),
    (b"\x0c", "invalid opcode: opcode 0xc not defined"),
    (b"\x60\x05\x56", "invalid jump destination"),
    (b"\x60\x03\x56\x5b\x00", None),
    (b"\x60\x04\x56\x60\x5b", "invalid jump destination"),
    (b"\x01", "stack underflow (0 <=> 2)"),
    (b"\x5f\x01", "stack underflow (1 <=> 2)"),
    (b"\x5f\x50\x5f\x5f\x8f", "stack underflow (2 <=> 16)"),
    (b"\x5b\x5f\x5f\x56", "stack limit reached 1024 (1023)"),
    (b"\x60\x01\x5f\x5f\x3e", "return data out of bounds"),
]


@pytest.mark.parametrize(("code", "words"), FAILURES)
def test_failures_carry_geths_words(code, words) -> None:
    result = call(state_with(code))
    assert (result.error, result.reverted) == (words or "", False)


def test_writing_inside_a_static_call_is_named() -> None:
    state = state_with(store(1, 1))
    static_call = b"\x5f\x5f\x5f\x5f" + push(int.from_bytes(CONTRACT, "big")) + b"\x61\xff\xff\xfa"
    state.set_code(STRANGER, static_call + ANSWER)
    assert int.from_bytes(call(state, STRANGER).output, "big") == 0
    inner = run_call(state, CallRequest(SENDER, CONTRACT), CALL_LIMITS)
    assert inner.error == ""


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        (bytes(24_577), "max code size exceeded"),
        (b"\xef", "invalid code: must not begin with 0xef"),
        (bytes(24_576), "contract creation code storage out of gas"),
    ],
)
def test_creations_fail_in_geths_words(runtime, words) -> None:
    assert call(state_with(), None, data=deployer(runtime), gas=1_000_000).error == words


def test_a_contract_with_oversize_init_code_fails_in_geths_words() -> None:
    create = push(49_153) + b"\x5f\x5f\xf0"
    assert call(state_with(create)).error == "max initcode size exceeded"


def test_a_creation_answers_with_the_code() -> None:
    assert call(state_with(), None, data=deployer(b"\x01\x02")).output == b"\x01\x02"


def test_price_zero_reads_base_fee_zero() -> None:
    assert answer_of(b"\x48") == 0
    assert answer_of(b"\x3a") == 0
    assert answer_of(b"\x48", max_fee=3 * GWEI) == BASE_FEE
    assert answer_of(b"\x3a", max_fee=3 * GWEI, max_tip=GWEI) == 2 * GWEI


def test_any_sender_may_call_even_one_with_code_or_without_funds() -> None:
    state = state_with(b"\x33" + ANSWER)
    assert call(state, sender=CONTRACT).output[12:] == CONTRACT
    assert call(state, sender=NOBODY).output[12:] == NOBODY


REFUSED = [
    ({"sender": NOBODY, "value": 1}, errors.InsufficientFunds),
    ({"max_fee": 10**15}, errors.InsufficientFunds),
    ({"max_fee": 1}, errors.FeeTooLow),
    ({"max_tip": 1}, errors.TipAboveFeeCap),
    ({"gas": 20_000}, errors.IntrinsicGasTooLow),
    ({"gas": 40_000, "data": b"\x01" * 1000}, errors.FloorDataGasTooLow),
]


@pytest.mark.parametrize(("fields", "error"), REFUSED)
def test_calls_that_cannot_start_are_refused(fields, error) -> None:
    with pytest.raises(error):
        call(state_with(b"\x00"), **fields)


def test_oversize_init_code_is_refused() -> None:
    with pytest.raises(errors.InitCodeTooLarge):
        call(state_with(), None, data=bytes(49_153))


def test_gas_is_capped() -> None:
    assert call(state_with(b"\x5b\x5f\x56"), gas=10**12, limits=CallLimits(100_000)).gas_used == 100_000


def test_past_the_deadline_a_call_is_aborted() -> None:
    with pytest.raises(errors.CallTimedOut):
        call(state_with(b"\x5b\x5f\x56"), limits=CallLimits(gas_max=10**7, deadline=0.0))


def test_overrides_are_seen_by_the_call_alone() -> None:
    state = state_with(push(1) + b"\x54" + ANSWER)
    state.set_storage(CONTRACT, 1, 5)
    state.set_storage(CONTRACT, 2, 6)
    state.end_transaction()
    reader = push(2) + b"\x54" + push(1) + b"\x54\x01" + ANSWER  # slot 1 + slot 2
    before = state.changes()

    def answer(**override) -> int:
        overrides = ((CONTRACT, AccountOverride(**override)),)
        return int.from_bytes(call(state, overrides=overrides).output, "big")

    assert answer(code=reader) == 11
    assert answer(state_diff=((1, 50),)) == 50
    assert answer(code=reader, state_diff=((1, 50),)) == 56
    assert answer(code=reader, state=((1, 7),)) == 7
    assert answer(code=b"\x47" + ANSWER, balance=77) == 77
    assert state.changes() == before
    assert int.from_bytes(call(state).output, "big") == 5


def test_an_overridden_nonce_moves_created_addresses() -> None:
    state = state_with(b"\x5f\x5f\x5f\xf0" + ANSWER)
    moved = call(state, overrides=((CONTRACT, AccountOverride(nonce=9)),)).output
    assert moved != call(state).output


def test_access_lists_make_calls_warm_and_dearer_at_the_start() -> None:
    state = state_with(push(5) + b"\x54\x50")
    listed = call(state, access_list=((CONTRACT, (5,)),))
    assert listed.gas_used == call(state).gas_used + 2_400 + 1_900 - 2_000


@settings(max_examples=30, deadline=None)
@given(code=st.binary(max_size=40), value=st.integers(0, 10))
def test_calls_leave_no_trace(code, value) -> None:
    state = state_with(store(1, 2) + push(9) + b"\x5f\x5d" + code)
    before = state.changes()
    first = call(state, value=value)
    assert call(state, value=value) == first
    assert state.changes() == before
    assert (state.get_balance(SENDER), state.get_nonce(SENDER), state.get_storage(CONTRACT, 1)) == (10 * ETHER, 0, 0)


# --- estimates --------------------------------------------------------------------------------------------------------


def estimate(state, to=CONTRACT, **fields):
    return estimate_gas(state, CallRequest(SENDER, to, **fields), CALL_LIMITS)


def test_a_plain_transfer_is_estimated_without_a_search() -> None:
    assert estimate(state_with(), STRANGER, value=1).gas_used == 21_000


NEEDS_64TH = push(0) * 5 + push(int.from_bytes(OTHER, "big")) + b"\x61\xc3\x50\xf1" + b"\x15\x60\x2d\x57\x00"
"""Calls OTHER with 50,000 gas and runs into the void where that fails."""

ESTIMATED = [
    (b"\x00", {}),
    (store(1, 2), {}),
    (b"".join(store(slot, slot) for slot in range(1, 9)), {}),
    (store(1, 2) + store(1, 0), {}),
    (b"\x00", {"data": b"\x01" * 500}),
    (b"\x5a\x61\xff\xff\x10\x60\x0b\x57\x5f\x5f\xfd\x5b\x00", {}),
    (NEEDS_64TH + b"\x5b\xfe", {}),
]


@pytest.mark.parametrize(("code", "fields"), ESTIMATED)
def test_an_estimate_is_the_least_gas_that_suffices(code, fields) -> None:
    state = state_with(code)
    state.set_code(OTHER, b"".join(store(slot, 1) for slot in (1, 2)))
    state.end_transaction()
    found = estimate(state, **fields).gas_used

    def status(gas: int) -> int:
        fresh = state_with(code)
        fresh.set_code(OTHER, state.get_code(OTHER))
        return apply_transaction(
            fresh, transaction(to=CONTRACT, value=0, gas=gas, **fields), SENDER, limits=LIMITS
        ).status

    assert status(found) == 1
    with suppress(errors.TransactionRejected):  # below the intrinsic gas or the floor of the data
        assert status(found - 1) == 0


def test_a_creation_is_estimated() -> None:
    state = state_with()
    found = estimate(state, None, data=deployer(bytes(100))).gas_used
    done = apply_transaction(
        state, transaction(to=None, value=0, data=deployer(bytes(100)), gas=found), SENDER, limits=LIMITS
    )
    assert done.status == 1


def test_an_estimate_of_a_revert_is_the_revert() -> None:
    result = estimate(state_with(push(0xBEEF) + b"\x5f\x52\x60\x02\x60\x1e\xfd"))
    assert (result.output, result.reverted) == (b"\xbe\xef", True)


def test_an_estimate_of_another_failure_names_it() -> None:
    assert estimate(state_with(b"\xfe")).error == "invalid opcode: INVALID"


@pytest.mark.parametrize("fields", [{}, {"gas": 30_000}, {"max_fee": 2 * GWEI}])
def test_what_no_allowed_gas_suffices_for_is_refused(fields) -> None:
    with pytest.raises(errors.CallGasTooHigh, match="gas required exceeds allowance"):
        estimate(state_with(b"\x5b\x5f\x56"), **fields)


def test_an_estimate_at_a_price_is_bounded_by_the_funds() -> None:
    state = state_with(b"\x00")
    assert estimate(state, max_fee=2 * GWEI).gas_used == 21_000
    for value in (10 * ETHER, 11 * ETHER):
        with pytest.raises(errors.TransferUnfunded, match=r"^insufficient funds for transfer$"):
            estimate(state, max_fee=2 * GWEI, value=value)
    with pytest.raises(errors.CallGasTooHigh):
        estimate(state, max_fee=ETHER, value=ETHER)


def test_estimates_stop_at_a_transactions_cap() -> None:
    state = state_with(b"\x5b\x5f\x56", rule=replace(RULE, transaction_gas_max=100_000))
    with pytest.raises(errors.CallGasTooHigh, match="100000"):
        estimate_gas(state, CallRequest(SENDER, CONTRACT, gas=10**8), CallLimits(10**9))


def test_an_estimate_past_its_deadline_is_aborted() -> None:
    with pytest.raises(errors.CallTimedOut):
        estimate_gas(state_with(b"\x5b\x5f\x56"), CallRequest(SENDER, CONTRACT), CallLimits(10**7, deadline=0.0))
