"""The configuration object of ``debug_trace*`` (geth's TraceConfig and TraceCallConfig)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rollup.core.execution import NO_BLOCK_OVERRIDE, BlockOverride, StateOverrides
from rollup.core.tracing import STRUCT_LOGGER, TRACER_NAMES, TracerSpec
from rpc.call_params import read_call_context, read_overrides
from rpc.errors import SERVER_ERROR, InvalidArgument, RpcError
from rpc.fields import read_object
from rpc.scalars import read_bool

TIMEOUT_DEFAULT_S = 30.0
SWITCHES = ("disableStack", "disableStorage", "enableMemory", "enableReturnData", "debug")
UNITS_S: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """``timeout_s`` bounds the whole answer. The overrides are for calls alone."""

    tracer: TracerSpec
    timeout_s: float = TIMEOUT_DEFAULT_S
    state: StateOverrides = ()
    block: BlockOverride = NO_BLOCK_OVERRIDE


DEFAULT_TRACE = TraceOptions(TracerSpec(STRUCT_LOGGER, {}))


def read_trace_options(value: object) -> TraceOptions:
    """``reexec`` is read and means nothing: every state is kept. Raises InvalidArgument, RpcError."""
    given = read_object(value, "TraceConfig")
    name = _read_text(given, "tracer")
    if name:
        options = _read_options(given.get("tracerConfig"))
        _check_name(name)
        for inner in options if name == "muxTracer" else ():
            _check_name(inner)
    else:
        options = {key: read_bool(given[key]) for key in SWITCHES if given.get(key) is not None}
        options["limit"] = _read_count(given, "limit")
    _read_count(given, "reexec")
    timeout = _read_text(given, "timeout")
    return TraceOptions(TracerSpec(name, options), _read_duration(timeout) if timeout else TIMEOUT_DEFAULT_S)


def read_call_trace_options(value: object) -> TraceOptions:
    """With ``stateOverrides`` and ``blockOverrides``."""
    options, given = read_trace_options(value), read_object(value, "TraceCallConfig")
    state, block = given.get("stateOverrides"), given.get("blockOverrides")
    return TraceOptions(
        options.tracer,
        options.timeout_s,
        () if state is None else read_overrides(state),
        NO_BLOCK_OVERRIDE if block is None else read_call_context(block),
    )


def _read_text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidArgument(f"cannot unmarshal non-string into TraceConfig.{name}")
    return value or ""


def _read_count(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidArgument(f"cannot unmarshal into TraceConfig.{name}: a count is wanted")
    return value


def _read_options(value: object) -> dict[str, Any]:
    return {} if value is None else read_object(value, "tracerConfig")


def _check_name(name: str) -> None:
    if name not in TRACER_NAMES:
        words = f"tracer not found: {name[:100]} (tracers written in JavaScript are not run here)"
        raise RpcError(SERVER_ERROR, words)


def _read_duration(text: str) -> float:
    """Go's notation, ``1m30s``. Raises RpcError in geth's words."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise RpcError(SERVER_ERROR, f'time: invalid duration "{text[:40]}"')
    return sum(float(number) * UNITS_S[unit] for number, unit in parts)
