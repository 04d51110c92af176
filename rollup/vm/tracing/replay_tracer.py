"""What Parity's ``trace_replay*`` and ``trace_call`` answer: output, calls, state diff, instructions in one object."""

from typing import Any

from rollup.core.tracing import TracerSpec
from rollup.vm.tracing.flat_calls import FlatCallTracer
from rollup.vm.tracing.parity import StateDiffTracer, VmTracer
from rollup.vm.tracing.tracer import MuxTracer, TraceContext, Tracer

PLACE = ("blockHash", "blockNumber", "transactionHash", "transactionPosition")
FLAT = TracerSpec("flatCallTracer", {"convertParityErrors": True})


class ReplayTracer(MuxTracer):
    """The kinds that were not asked for are null, or no calls. Calls do not say where they are."""

    def __init__(self, spec: TracerSpec, context: TraceContext) -> None:
        kinds = spec.options.get("kinds")
        self._kinds = frozenset(kinds if isinstance(kinds, list | tuple) else ())
        tracers: dict[str, Tracer] = {"trace": FlatCallTracer(FLAT, context)}
        if "stateDiff" in self._kinds:
            tracers["stateDiff"] = StateDiffTracer(context)
        if "vmTrace" in self._kinds:
            tracers["vmTrace"] = VmTracer(context)
        super().__init__(tracers)

    def result(self) -> Any:
        found = self.results()
        calls = [{name: value for name, value in row.items() if name not in PLACE} for row in found["trace"]]
        result = calls[0].get("result", {})
        return {
            "output": result.get("output", result.get("code", "0x")),
            "stateDiff": found.get("stateDiff"),
            "trace": calls if "trace" in self._kinds else [],
            "vmTrace": found.get("vmTrace"),
        }
