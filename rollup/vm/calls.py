"""Calls and gas estimates: messages that run on a state and leave no trace in it.

What is checked and what is not follows geth's ``eth_call`` and ``eth_estimateGas``: no signature, no nonce, any sender;
funds are checked for the value always and for gas only at a price above zero; at price zero the base fee reads zero.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rollup.core.admission import INIT_CODE_BYTES_MAX, blob_gas, floor_data_gas, intrinsic_gas, max_cost
from rollup.core.errors import (
    CallTimedOut,
    ExecutionTooLong,
    FeeTooLow,
    FloorDataGasTooLow,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    TipAboveFeeCap,
)
from rollup.core.execution import CallRequest, CallResult
from rollup.core.forks import Fork
from rollup.core.ids import ZERO_HASH, Hash
from rollup.core.transaction import Transaction
from rollup.vm.apply import effective_gas_price, gas_to_pay
from rollup.vm.delegation import apply_authorizations
from rollup.vm.fork import ChainState
from rollup.vm.forms import check_blob_cap, check_form
from rollup.vm.messages import MessageOutcome, MessageRequest, run_message
from rollup.vm.overrides import apply_overrides, override_environment


@dataclass(frozen=True, slots=True)
class CallLimits:
    """``gas_max`` bounds the gas of a call, and is what a call without a gas limit gets. ``deadline`` is a moment of
    ``time.monotonic``; for an estimate it bounds all of its runs together."""

    gas_max: int
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class CallRun:
    """One run of a call: what it used to pay for, what of it was refunded, and how the message ended."""

    gas_used: int
    gas_refunded: int
    message: MessageOutcome


def run_call(state: ChainState, request: CallRequest, limits: CallLimits) -> CallResult:
    """Run once. A revert or any other failure of the code is a value.

    Raises InsufficientFunds, FeeTooLow, TipAboveFeeCap, IntrinsicGasTooLow, FloorDataGasTooLow, InitCodeTooLarge (the
    call cannot even start) and CallTimedOut. The state is afterwards what it was.
    """
    gas = limits.gas_max if request.gas is None else min(request.gas, limits.gas_max)
    with scratch(state, request, limits.deadline):
        run = run_once(state, request, gas, limits.deadline)
    return CallResult(run.message.output, run.gas_used, run.message.reverted, _words(run.message))


def run_once(state: ChainState, request: CallRequest, gas: int, deadline: float | None) -> CallRun:
    """One run inside ``scratch``, taken back at once. Raises as run_call does."""
    shape = as_transaction(request, gas)
    check_start(state, request, shape)
    start = state.snapshot()
    base_fee = state.environment.base_fee
    price = effective_gas_price(shape, base_fee)
    blob_price = state.environment.blob_base_fee if request.max_blob_fee else 0
    state.delta_balance(request.sender, -gas * price - blob_gas(shape) * blob_price)
    state.increment_nonce(request.sender)
    refund = apply_authorizations(state, shape.authorizations)
    message = MessageRequest(
        sender=request.sender,
        to=request.to,
        value=request.value,
        data=request.data,
        gas=gas - intrinsic_gas(shape, state.fork),
        gas_price=price,
        access_list=shape.access_list,
        refund=refund,
        deadline=deadline,
        blob_hashes=shape.blob_hashes,
    )
    try:
        outcome = run_message(state, message)
    except ExecutionTooLong as error:
        raise CallTimedOut() from error
    finally:
        state.revert(start)
        state.forget_accesses()
    gas_used = gas_to_pay(shape, outcome, state.fork)
    return CallRun(gas_used, gas - outcome.gas_left - gas_used, outcome)


@contextmanager
def scratch(state: ChainState, request: CallRequest, deadline: float | None = None) -> Iterator[None]:
    """The state as the call shall see it, with overrides; when the block ends, everything is as before. Raises
    OverrideRefused, and CallTimedOut when the overrides alone take too long."""
    environment, precompiles = state.environment, state.precompiles
    with state.throw_away():
        changed = override_environment(environment, request.context)
        is_free = not request.max_fee and not request.max_tip
        state.begin_block(replace(changed, base_fee=0) if is_free else changed)
        try:
            state.precompiles = apply_overrides(state, request.overrides, deadline)
            yield
        finally:
            state.precompiles = precompiles
            state.begin_block(environment)


def as_transaction(request: CallRequest, gas: int) -> Transaction:
    """What the rules for gas and price look at; a call has no signature and no nonce."""
    access_list = tuple(
        (address, tuple(Hash(slot.to_bytes(32, "big")) for slot in slots)) for address, slots in request.access_list
    )
    return Transaction(
        raw=b"",
        hash=ZERO_HASH,
        type=_kind_of(request),
        chain_id=None,
        nonce=0,
        max_fee=request.max_fee,
        max_tip=request.max_tip,
        gas=gas,
        to=request.to,
        value=request.value,
        data=request.data,
        access_list=access_list,
        authorizations=request.authorizations or (),
        v=0,
        r=0,
        s=0,
        signing_hash=ZERO_HASH,
        max_blob_fee=request.max_blob_fee,
        blob_hashes=request.blob_hashes or (),
    )


def _kind_of(request: CallRequest) -> int:
    if request.authorizations is not None:
        return 4
    return 2 if request.blob_hashes is None else 3


def check_start(state: ChainState, request: CallRequest, shape: Transaction) -> None:
    """Raises what keeps a call from starting (see run_call)."""
    if request.max_tip > request.max_fee:
        raise TipAboveFeeCap(f"maxPriorityFeePerGas: {request.max_tip}, maxFeePerGas: {request.max_fee}")
    base_fee = state.environment.base_fee
    if request.max_fee < base_fee:
        raise FeeTooLow(f"maxFeePerGas: {request.max_fee}, baseFee: {base_fee}")
    check_blob_cap(shape, state.environment.blob_base_fee, is_free=True)
    check_form(shape)
    have, want = state.get_balance(request.sender), max_cost(shape)
    if have < want:
        raise InsufficientFunds(f"address 0x{request.sender.hex()} have {have} want {want}")
    if state.fork >= Fork.SHANGHAI and request.to is None and len(request.data) > INIT_CODE_BYTES_MAX:
        raise InitCodeTooLarge(f"code size {len(request.data)}, limit {INIT_CODE_BYTES_MAX}")
    needed, floor = intrinsic_gas(shape, state.fork), floor_data_gas(shape, state.fork)
    if shape.gas < needed:
        raise IntrinsicGasTooLow(f"have {shape.gas}, want {needed}")
    if shape.gas < floor:
        raise FloorDataGasTooLow(f"have {shape.gas}, want {floor}")


def _words(message: MessageOutcome) -> str:
    return "" if message.reverted else message.error
