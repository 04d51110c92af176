"""Transactions under observation, for tests of tracers: on the states of ``vm_states``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from vm_states import SENDER, transaction

from rollup.core.tracing import TracerSpec
from rollup.vm.apply import TransactionOutcome
from rollup.vm.fork import ChainState
from rollup.vm.tracing.runs import trace_transaction


@contextmanager
def deep_stack() -> Iterator[None]:
    """Room for calls in calls: hypothesis leaves 2000 Python frames."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 10_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def trace(state: ChainState, name: str = "", options: dict[str, object] | None = None, **changes: Any) -> Any:
    """What the tracer says of a transaction of SENDER, as JSON gives it back."""
    return trace_and_run(state, name, options, **changes)[0]


def trace_and_run(
    state: ChainState, name: str, options: dict[str, object] | None = None, **changes: Any
) -> tuple[Any, TransactionOutcome]:
    changes.setdefault("nonce", state.get_nonce(SENDER))
    changes.setdefault("value", 0)
    with deep_stack():
        text, outcome = trace_transaction(state, transaction(**changes), SENDER, TracerSpec(name, options or {}))
    return orjson.loads(text), outcome
