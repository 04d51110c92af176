"""Tracers by their names."""

from collections.abc import Callable

from rollup.core.errors import UnknownTracer
from rollup.core.tracing import REPLAY_TRACER, STRUCT_LOGGER, TracerSpec
from rollup.vm.tracing.call_tracer import CallTracer
from rollup.vm.tracing.flat_calls import FlatCallTracer
from rollup.vm.tracing.four_byte import FourByteTracer
from rollup.vm.tracing.prestate import PrestateTracer
from rollup.vm.tracing.replay_tracer import ReplayTracer
from rollup.vm.tracing.struct_log import StructLogger
from rollup.vm.tracing.tracer import MuxTracer, TraceContext, Tracer

_BUILDERS: dict[str, Callable[[TracerSpec, TraceContext], Tracer]] = {
    STRUCT_LOGGER: StructLogger,
    "4byteTracer": lambda spec, context: FourByteTracer(),  # noqa: ARG005
    "callTracer": CallTracer,
    "flatCallTracer": FlatCallTracer,
    "noopTracer": lambda spec, context: Tracer(),  # noqa: ARG005
    "prestateTracer": PrestateTracer,
    REPLAY_TRACER: ReplayTracer,
}
INNER_TRACERS_MAX = 16


def build_tracer(spec: TracerSpec, context: TraceContext) -> Tracer:
    """Raises UnknownTracer. The tracers inside a muxTracer are no muxTracers."""
    if spec.name == "muxTracer":
        if len(spec.options) > INNER_TRACERS_MAX:
            raise UnknownTracer(f"muxTracer takes {INNER_TRACERS_MAX} tracers at most")
        return MuxTracer({name: _build(_inner(name, options), context) for name, options in spec.options.items()})
    return _build(spec, context)


def _inner(name: str, options: object) -> TracerSpec:
    return TracerSpec(name, options if isinstance(options, dict) else {})


def _build(spec: TracerSpec, context: TraceContext) -> Tracer:
    builder = _BUILDERS.get(spec.name)
    if builder is None:
        raise UnknownTracer(spec.name[:100])
    return builder(spec, context)
