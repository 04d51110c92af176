"""What one transaction may cost a node: work is charged before it is done, and the whole transaction fails the same on
every node; the clock is the sequencer's alone, and leaves no trace."""

from dataclasses import replace

import pytest
from vm_states import (
    CONTRACT,
    ETHER,
    LIMITS,
    OTHER,
    OTHER_KEY,
    RULE,
    SENDER,
    authorize,
    push,
    run,
    state_with,
    store,
    transaction,
)

from rollup.core.errors import ExecutionTooLong
from rollup.core.execution import AccountOverride, CallRequest
from rollup.vm import jumps, program
from rollup.vm.apply import apply_transaction
from rollup.vm.calls import CallLimits, run_call
from rollup.vm.delegation import DELEGATION_PREFIX
from rollup.vm.jumps import REMEMBERED_BYTES_MAX
from rollup.vm.precompiles import PAIRING_PAIR_WORK, PAIRING_WORK
from rollup.vm.work import WorkExhausted, WorkMeter


def call_precompile(number: int, size: int) -> bytes:
    """STATICCALL with all gas and ``size`` zero bytes; leaves its success on the stack."""
    return push(0) + push(0) + push(size) + push(0) + push(number) + b"\x5a\xfa"


def limited(work_max: int):
    return replace(RULE, work_max=work_max)


PAIRING_OF_TWO = PAIRING_WORK + 2 * PAIRING_PAIR_WORK
TWO_PAIRINGS = call_precompile(8, 384) + b"\x50" + call_precompile(8, 384) + store(1, 1)


def test_work_within_the_bound_changes_nothing() -> None:
    state = state_with(TWO_PAIRINGS, rule=limited(2 * PAIRING_OF_TWO))
    outcome = run(state, to=CONTRACT, value=0, gas=1_000_000)
    assert outcome.status == 1
    assert outcome.gas_used < 1_000_000
    assert state.get_storage(CONTRACT, 1) == 1


def test_past_the_bound_the_transaction_fails_with_all_its_gas() -> None:
    state = state_with(store(2, 2) + TWO_PAIRINGS, rule=limited(2 * PAIRING_OF_TWO - 1))
    outcome = run(state, to=CONTRACT, value=5, gas=1_000_000)
    assert (outcome.status, outcome.gas_used, outcome.logs) == (0, 1_000_000, ())
    assert (state.get_storage(CONTRACT, 1), state.get_storage(CONTRACT, 2), state.get_balance(CONTRACT)) == (0, 0, 0)
    assert state.get_nonce(SENDER) == 1
    assert state.get_balance(SENDER) == 10 * ETHER - 1_000_000 * outcome.effective_gas_price


def test_no_frame_catches_exhausted_work() -> None:
    """A caller that tolerates failing calls does not get to go on."""
    outer = b"\x5f" * 5 + push(int.from_bytes(OTHER, "big")) + push(200_000) + b"\xf1" + store(3, 3)
    state = state_with(outer, rule=limited(PAIRING_WORK))
    state.set_code(OTHER, call_precompile(8, 384))
    state.end_transaction()
    assert run(state, to=CONTRACT, value=0, gas=500_000).status == 0
    assert state.get_storage(CONTRACT, 3) == 0


def test_delegations_stand_when_the_work_is_exhausted() -> None:
    state = state_with(TWO_PAIRINGS, rule=limited(1))
    authorizations = (authorize(OTHER_KEY, CONTRACT, 0),)
    assert run(state, type=4, to=CONTRACT, value=0, gas=500_000, authorizations=authorizations).status == 0
    assert state.get_code(OTHER) == DELEGATION_PREFIX + CONTRACT


def test_the_next_transaction_starts_with_a_fresh_budget() -> None:
    state = state_with(TWO_PAIRINGS, rule=limited(2 * PAIRING_OF_TWO))
    assert [run(state, to=CONTRACT, value=0, gas=1_000_000).status for _ in range(2)] == [1, 1]


def test_a_call_is_told() -> None:
    result = run_call(state_with(TWO_PAIRINGS, rule=limited(1)), CallRequest(SENDER, CONTRACT), CallLimits(10**6))
    assert (result.error, result.gas_used) == ("work limit exceeded", 10**6)


def test_a_meter_charges_to_the_last_unit() -> None:
    meter = WorkMeter(10)
    meter.charge(10)
    with pytest.raises(WorkExhausted):
        meter.charge(1)


SPINNING = [
    b"\x5b\x5f\x56",
    b"\x5b" + call_precompile(4, 0) + b"\x50\x5f\x56",
    b"\x5b" + b"\x5f" * 5 + push(int.from_bytes(CONTRACT, "big")) + b"\x5a\xf1\x50\x5f\x56",
]


@pytest.mark.parametrize("code", SPINNING, ids=["jumps", "calls", "recursion"])
def test_the_deadline_ends_any_loop_and_takes_everything_back(code) -> None:
    state = state_with(code)
    state.advance(state.source, {})
    late = replace(LIMITS, deadline=0.0)
    with pytest.raises(ExecutionTooLong):
        apply_transaction(state, transaction(to=CONTRACT, gas=10_000_000), SENDER, limits=late)
    assert (state.get_balance(SENDER), state.get_nonce(SENDER), state.get_balance(CONTRACT)) == (10 * ETHER, 0, 0)
    assert run(state).status == 1


def test_deep_calls_do_not_exhaust_the_interpreter() -> None:
    """Each frame counts itself in slot 0 and calls itself with all its gas; no message nests deeper than 1024."""
    count_and_recurse = b"\x5f\x54\x60\x01\x01\x5f\x55" + b"\x5f" * 5 + b"\x30\x5a\xf1"
    state = state_with(count_and_recurse + b"\x5f\x54\x5f\x52\x60\x20\x5f\xf3")
    result = run_call(state, CallRequest(SENDER, CONTRACT), CallLimits(10**12))
    assert int.from_bytes(result.output, "big") == 1025


def is_destination(code: bytes, position: int) -> bool:
    return WorkMeter(len(code)).destinations(code)[position] == 0x5B


@pytest.mark.parametrize(
    "code", [b"\x7f" * 24_576, b"\x60" * 24_576, b"\x5b" * 24_576], ids=["PUSH32", "PUSH1", "none"]
)
def test_jump_analysis_takes_any_code(code) -> None:
    """py-evm recurses once per possible PUSH and runs out of stack on the first of these."""
    last = len(code) - 1
    assert is_destination(code, last) == (code[last] == 0x5B)


@pytest.mark.parametrize(
    ("code", "destinations"),
    [
        (bytes.fromhex("5b605b5b615b5b5b"), {0, 3, 7}),
        (bytes.fromhex("7f" + "5b" * 32 + "5b"), {33}),
        (bytes.fromhex("605b"), set()),
        (bytes.fromhex("0a5b5f5b7e0a"), {1, 3}),
    ],
)
def test_destinations_inside_of_push_data_do_not_count(code, destinations) -> None:
    assert {position for position in range(len(code)) if is_destination(code, position)} == destinations


def test_jump_analysis_is_charged_once_per_code() -> None:
    meter = WorkMeter(3_000)
    for _ in range(3):
        meter.destinations(b"\x5b" * 24_000)
    assert meter.work_left == 0
    with pytest.raises(WorkExhausted):
        meter.destinations(b"\x5b" * 8)


def test_the_input_of_calls_is_charged_for_its_copy() -> None:
    """A megabyte of memory is paid for once and handed to every call for 100 gas."""
    megabyte = 2**20
    code = b"\x5b" + push(0) + push(0) + push(megabyte) + push(0) + push(4) + b"\x5f\xfa\x50\x5f\x56"
    state = state_with(code, rule=limited(50_000))
    result = run_call(state, CallRequest(SENDER, CONTRACT), CallLimits(16_000_000))
    assert result.error == "work limit exceeded"


def test_codes_that_only_an_override_can_have_are_not_remembered() -> None:
    jumping = push(4) + b"\x56\x00\x5b\x00"
    for code in (jumping.ljust(REMEMBERED_BYTES_MAX, b"\x01"), jumping.ljust(REMEMBERED_BYTES_MAX + 1, b"\x01")):
        known = jumps._remembered.cache_info().currsize, program._remembered.cache_info().currsize
        override = AccountOverride(code=code)
        result = run_call(
            state_with(b""), CallRequest(SENDER, OTHER, overrides=((OTHER, override),)), CallLimits(10**6)
        )
        assert result.error == ""
        now = jumps._remembered.cache_info().currsize, program._remembered.cache_info().currsize
        assert (now > known) is (len(code) <= REMEMBERED_BYTES_MAX)
