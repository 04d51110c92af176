"""Calls in another block than the real one, and calls that bring authorizations."""

from dataclasses import replace

import pytest
from vm_states import (
    BASE_FEE,
    CONTRACT,
    OTHER,
    OTHER_KEY,
    RULE,
    SENDER,
    STRANGER,
    authorize,
    environment,
    push,
    state_with,
)

from rollup.core.errors import (
    CallTimedOut,
    EmptyAuthorizationList,
    FeeTooLow,
    InsufficientFunds,
    MalformedTransaction,
    MissingRecipient,
)
from rollup.core.execution import AccountOverride, BlockOverride, CallRequest, CallResult
from rollup.core.forks import Fork, ForkSchedule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.vm.calls import CallLimits, run_call
from rollup.vm.estimates import estimate_gas

LIMITS = CallLimits(gas_max=5_000_000)
ANSWER = b"\x5f\x52\x60\x20\x5f\xf3"  # return the word on the stack
MINER = Address(b"\x77" * 20)


def ask(code: bytes, context: BlockOverride, **fields: object) -> int:
    result = run_call(state_with(code + ANSWER), CallRequest(SENDER, CONTRACT, context=context, **fields), LIMITS)
    assert not result.error
    return int.from_bytes(result.output, "big")


@pytest.mark.parametrize(
    ("opcode", "context", "seen"),
    [
        (b"\x43", BlockOverride(number=77), 77),
        (b"\x42", BlockOverride(timestamp=78), 78),
        (b"\x45", BlockOverride(gas_limit=79), 79),
        (b"\x41", BlockOverride(coinbase=MINER), int.from_bytes(MINER, "big")),
        (b"\x44", BlockOverride(prev_randao=Hash(b"\x50" * 32)), int.from_bytes(b"\x50" * 32, "big")),
        (b"\x4a", BlockOverride(blob_base_fee=81), 81),
        (b"\x43", BlockOverride(), 10),
    ],
)
def test_a_call_sees_the_block_that_it_asks_for(opcode: bytes, context: BlockOverride, seen: int) -> None:
    assert ask(opcode, context) == seen


def test_the_base_fee_is_that_of_the_block_unless_the_call_pays_none() -> None:
    told = BlockOverride(base_fee=12)
    assert ask(b"\x48", told, max_fee=12) == 12
    assert ask(b"\x48", told) == 0
    assert ask(b"\x48", BlockOverride(), max_fee=BASE_FEE) == BASE_FEE


def test_blocks_that_do_not_exist_have_no_hash() -> None:
    late = BlockOverride(number=200)
    assert ask(push(150) + b"\x40", late) == 0
    assert ask(push(9) + b"\x40", late) == int.from_bytes(keccak(bytes([9])), "big")


def test_the_state_is_in_its_own_block_again_afterwards() -> None:
    state = state_with(b"\x43" + ANSWER)
    for number in (77, 10):
        context = BlockOverride(number=number) if number != 10 else BlockOverride()
        result = run_call(state, CallRequest(SENDER, CONTRACT, context=context), LIMITS)
        assert int.from_bytes(result.output, "big") == number


def test_an_estimate_is_bounded_by_the_limit_of_its_block() -> None:
    state = state_with(b"\x45" + ANSWER)
    assert estimate_gas(state, CallRequest(SENDER, CONTRACT, context=BlockOverride(gas_limit=50_000)), LIMITS).gas_used
    assert state.environment.rule == RULE


def test_the_time_of_the_block_decides_its_fork() -> None:
    forks = ForkSchedule(by_number=(), by_time=((2_000_000_000, Fork.SHANGHAI),))
    state = state_with(bytes.fromhex("5f5ff3"))  # PUSH0 came with Shanghai
    plain = environment(replace(RULE, forks=forks))
    state.begin_block(replace(plain, fork=Fork.PARIS))
    early, late = (
        CallRequest(SENDER, CONTRACT),
        CallRequest(SENDER, CONTRACT, context=BlockOverride(timestamp=2 * 10**9)),
    )
    assert run_call(state, early, LIMITS).error == "invalid opcode: opcode 0x5f not defined"
    assert run_call(state, late, LIMITS).error == ""
    assert state.fork == Fork.PARIS


def test_overrides_have_to_be_done_in_time() -> None:
    request = CallRequest(SENDER, CONTRACT, overrides=((STRANGER, AccountOverride(balance=1)),))
    with pytest.raises(CallTimedOut):
        run_call(state_with(), request, CallLimits(gas_max=5_000_000, deadline=0.0))


def delegating(authorizations: tuple[object, ...], to: Address | None = OTHER) -> CallResult:
    state = state_with(b"\x60\x2a" + ANSWER)
    return run_call(state, CallRequest(SENDER, to, authorizations=authorizations), LIMITS)  # type: ignore[arg-type]


def test_an_authorization_delegates_for_the_call_and_is_paid_for() -> None:
    state = state_with(b"\x60\x2a" + ANSWER)
    request = CallRequest(SENDER, OTHER, authorizations=(authorize(OTHER_KEY, CONTRACT, 0),))
    result = run_call(state, request, LIMITS)
    assert int.from_bytes(result.output, "big") == 42
    assert run_call(state, CallRequest(SENDER, OTHER), LIMITS).output == b""
    assert estimate_gas(state, request, LIMITS).gas_used >= 21_000 + 25_000


def test_a_foreign_authorization_has_no_effect() -> None:
    assert delegating((authorize(OTHER_KEY, CONTRACT, 3),)).output == b""


def test_authorizations_need_somebody_to_call_and_somebody_who_signed() -> None:
    with pytest.raises(EmptyAuthorizationList):
        delegating((), to=STRANGER)
    with pytest.raises(MissingRecipient):
        delegating((authorize(OTHER_KEY, CONTRACT, 0),), to=None)


def test_blobs_are_seen_and_paid_for() -> None:
    hashes = (Hash(b"\x01" + bytes(30) + b"\x07"),)
    state = state_with(b"\x5f\x49" + ANSWER)
    free = CallRequest(SENDER, CONTRACT, blob_hashes=hashes)
    assert run_call(state, free, LIMITS).output == hashes[0]
    assert estimate_gas(state, free, LIMITS).gas_used > 21_000
    with pytest.raises(InsufficientFunds):
        run_call(state, replace(free, max_blob_fee=10**18), LIMITS)
    dear = replace(free, max_blob_fee=1, context=BlockOverride(blob_base_fee=2))
    with pytest.raises(FeeTooLow, match="maxFeePerBlobGas: 1, blobBaseFee: 2"):
        run_call(state, dear, LIMITS)


@pytest.mark.parametrize("hashes", [(), (Hash(b"\x02" * 32),)])
def test_blob_hashes_are_there_and_of_their_version(hashes: tuple[Hash, ...]) -> None:
    with pytest.raises(MalformedTransaction):
        run_call(state_with(), CallRequest(SENDER, CONTRACT, blob_hashes=hashes), LIMITS)
