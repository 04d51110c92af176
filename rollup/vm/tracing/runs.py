"""One transaction, deposit or call under observation."""

import orjson

from rollup.core.deposit import Deposit
from rollup.core.errors import CallTimedOut, ExecutionTooLong
from rollup.core.ids import Address
from rollup.core.tracing import CallTraceRequest, TracerSpec
from rollup.core.transaction import Transaction
from rollup.vm.apply import (
    UNLIMITED,
    TransactionLimits,
    TransactionOutcome,
    apply_deposit,
    apply_transaction,
    execute_transaction,
)
from rollup.vm.calls import CallLimits, as_transaction, check_start, scratch
from rollup.vm.fork import ChainState
from rollup.vm.messages import contract_address_of
from rollup.vm.tracing.frames import TracedFrame, frames_for
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, TraceContext, Tracer, TransactionEnd, TransactionStart
from rollup.vm.tracing.tracers import build_tracer


def run_transaction(
    state: ChainState, signed: tuple[Transaction, Address], tracer: Tracer | None, deadline: float | None
) -> TransactionOutcome:
    """A transaction of a sealed block; with no tracer nobody looks. Raises ExecutionTooLong."""
    transaction, sender = signed
    if tracer is None:
        limits = TransactionLimits(UNLIMITED.gas_left, deadline)
        return apply_transaction(state, transaction, sender, limits=limits)
    start = _start_of(state, transaction, sender)
    tracer.on_start(start)
    with frames_for(tracer) as frames:
        limits = TransactionLimits(UNLIMITED.gas_left, deadline, frames)
        outcome = apply_transaction(state, transaction, sender, limits=limits)
        _finish(frames, start, transaction, outcome)
    return outcome


def trace_transaction(
    state: ChainState, transaction: Transaction, sender: Address, spec: TracerSpec
) -> tuple[bytes, TransactionOutcome]:
    """A transaction on any state, which it changes: JSON text of its trace, and how it ended. Raises a
    TransactionRejected leaf, UnknownTracer, TraceTooLarge."""
    tracer = build_tracer(spec, TraceContext(None))
    outcome = run_transaction(state, (transaction, sender), tracer, None)
    return orjson.dumps(tracer.result()), outcome


def run_deposit(
    state: ChainState, deposit: Deposit, tracer: Tracer | None, deadline: float | None
) -> TransactionOutcome:
    """As run_transaction."""
    if tracer is None:
        return apply_deposit(state, deposit, TransactionLimits(UNLIMITED.gas_left, deadline))
    start = _start_of(state, deposit, deposit.sender)
    tracer.on_start(start)
    with frames_for(tracer) as frames:
        outcome = apply_deposit(state, deposit, TransactionLimits(UNLIMITED.gas_left, deadline, frames))
        _finish(frames, start, deposit, outcome)
    return outcome


def trace_call(state: ChainState, request: CallTraceRequest, limits: CallLimits) -> bytes:
    """A call, treated as a transaction that nobody signed. The state is afterwards what it was. Raises as run_call,
    and UnknownTracer, TraceTooLarge."""
    tracer = build_tracer(request.tracer, TraceContext(None))
    call = request.call
    gas = limits.gas_max if call.gas is None else min(call.gas, limits.gas_max)
    shape = as_transaction(call, gas)
    with scratch(state, call), frames_for(tracer) as frames:
        check_start(state, call, shape)
        start = _start_of(state, shape, call.sender)
        tracer.on_start(start)
        try:
            outcome = execute_transaction(
                state, shape, call.sender, TransactionLimits(UNLIMITED.gas_left, limits.deadline, frames)
            )
        except ExecutionTooLong as error:
            raise CallTimedOut() from error
        _finish(frames, start, shape, outcome)
    return orjson.dumps(tracer.result())


def _start_of(state: ChainState, body: Transaction | Deposit, sender: Address) -> TransactionStart:
    return TransactionStart(
        state=state,
        sender=sender,
        target=body.to or contract_address_of(sender, state.get_nonce(sender)),
        is_creation=body.to is None,
        gas=body.gas,
        authorizations=body.authorizations if isinstance(body, Transaction) else (),
    )


def _finish(
    frames: type[TracedFrame], start: TransactionStart, body: Transaction | Deposit, outcome: TransactionOutcome
) -> None:
    tracer = frames.tracer
    if not frames.has_root:
        _tell_unstarted(tracer, start, body, outcome)
    tracer.on_end(TransactionEnd(start.state, outcome.gas_used, outcome.status))


def _tell_unstarted(
    tracer: Tracer, start: TransactionStart, body: Transaction | Deposit, outcome: TransactionOutcome
) -> None:
    """A transaction that was over before its first frame: its address was taken, or what it sends is not there."""
    kind = "CREATE" if start.is_creation else "CALL"
    code = body.data if start.is_creation else b""
    entry = FrameEntry(kind, start.sender, start.target, body.data, code, gas=body.gas, value=body.value, depth=0)
    is_short = start.state.get_balance(start.sender) < body.value
    why = "contract address collision" if start.is_creation and not is_short else "insufficient balance for transfer"
    tracer.on_enter(entry)
    tracer.on_exit(FrameExit(b"", outcome.gas_used, why))
