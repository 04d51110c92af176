"""Sealed blocks run again, transaction by transaction, as far as somebody wants to see.

One replay is kept: whoever traces a block in several requests, or one transaction after the other, does not run the
earlier ones again. A request that runs out of time keeps what it did.
"""

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from rollup.core.block import DEPOSIT_TYPE, BlockHeader
from rollup.core.deposit import decode_deposit
from rollup.core.errors import CallTimedOut, ExecutionTooLong
from rollup.core.hashes import keccak
from rollup.core.ids import Hash
from rollup.core.tracing import ROOT_TRACER, BlockTraceRequest, TracePlace
from rollup.core.transaction import decode_transaction
from rollup.vm.calls import CallLimits
from rollup.vm.fork import ChainState
from rollup.vm.tracing.runs import run_deposit, run_transaction
from rollup.vm.tracing.tracer import TraceBudget, TraceContext, Tracer
from rollup.vm.tracing.tracers import build_tracer


@dataclass(slots=True)
class _Replay:
    """``state`` is that before transaction ``index``."""

    header: BlockHeader
    state: ChainState
    index: int = 0
    log_count: int = 0


class BlockReplays:
    """``open_block`` gives the state on which the first transaction of a block runs, ``root_of`` the root of such a
    state as it now is."""

    def __init__(
        self,
        open_block: Callable[[BlockHeader], ChainState],
        root_of: Callable[[BlockHeader, ChainState], Hash],
    ) -> None:
        self._open_block = open_block
        self._root_of = root_of
        self._kept: _Replay | None = None

    def trace(self, request: BlockTraceRequest, limits: CallLimits) -> tuple[bytes, ...]:
        """JSON texts of as many traces as time allowed, one at least. Raises CallTimedOut, TraceTooLarge,
        UnknownTracer."""
        replay, self._kept = self._take(request), None
        traces: list[bytes] = []
        budget = TraceBudget()
        try:
            while replay.index < request.first:
                self._run(replay, request, limits, None)
            while replay.index < request.stop:
                traces.append(self._trace_next(replay, request, limits, budget))
        except ExecutionTooLong as error:
            if not traces:
                self._kept = replay
                raise CallTimedOut() from error
        self._kept = replay
        return tuple(traces)

    def _trace_next(
        self, replay: _Replay, request: BlockTraceRequest, limits: CallLimits, budget: TraceBudget
    ) -> bytes:
        if request.tracer.name == ROOT_TRACER:
            self._run(replay, request, limits, None)
            return orjson.dumps("0x" + self._root_of(replay.header, replay.state).hex())
        tracer = build_tracer(request.tracer, self._context(replay, request, budget))
        self._run(replay, request, limits, tracer)
        return orjson.dumps(tracer.result())

    def _take(self, request: BlockTraceRequest) -> _Replay:
        kept = self._kept
        if kept is not None and kept.header.hash == request.header.hash and kept.index <= request.first:
            return kept
        return _Replay(request.header, self._open_block(request.header))

    def _context(self, replay: _Replay, request: BlockTraceRequest, budget: TraceBudget) -> TraceContext:
        place = TracePlace(
            replay.header.hash, replay.header.number, keccak(request.transactions[replay.index]), replay.index
        )
        return TraceContext(place, replay.log_count, budget)

    def _run(self, replay: _Replay, request: BlockTraceRequest, limits: CallLimits, tracer: Tracer | None) -> None:
        """One transaction more. Raises ExecutionTooLong with the state before it."""
        raw, sender = request.transactions[replay.index], request.senders[replay.index]
        state = replay.state
        start = state.snapshot()
        try:
            if raw[0] == DEPOSIT_TYPE:
                outcome = run_deposit(state, decode_deposit(raw), tracer, limits.deadline)
            else:
                outcome = run_transaction(state, (decode_transaction(raw), sender), tracer, limits.deadline)
        except ExecutionTooLong:
            state.revert(start)
            state.forget_accesses()
            raise
        replay.index += 1
        replay.log_count += len(outcome.logs)
