"""The tree of calls as a list: geth's flatCallTracer, which is the form of Parity's ``trace_`` namespace."""

from typing import Any

from rollup.core.block import Log
from rollup.core.tracing import TracePlace, TracerSpec
from rollup.vm.failures import REVERTED
from rollup.vm.tracing.call_tracer import Call, CallTracer
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, TraceContext, Tracer, TransactionEnd, TransactionStart

PARITY_WORDS = {
    "contract creation code storage out of gas": "Out of gas",
    "out of gas": "Out of gas",
    "gas uint64 overflow": "Out of gas",
    "max code size exceeded": "Out of gas",
    "invalid jump destination": "Bad jump destination",
    REVERTED: "Reverted",
    "return data out of bounds": "Out of bounds",
    "stack limit reached 1024 (1023)": "Out of stack",
    "precompiled failed": "Built-in failed",
    "invalid input length": "Built-in failed",
}
PARITY_PREFIXES = {"invalid opcode:": "Bad instruction", "stack underflow": "Stack underflow"}

Row = dict[str, Any]


class FlatCallTracer(Tracer):
    """Built from the tree of ``CallTracer``, without its calls to precompiled contracts unless they are asked for."""

    def __init__(self, spec: TracerSpec, context: TraceContext) -> None:
        self._tree = CallTracer(TracerSpec("callTracer", {}), context)
        self._converts_errors = bool(spec.options.get("convertParityErrors"))
        self._includes_precompiles = bool(spec.options.get("includePrecompiles"))
        self._place = context.place
        self._hidden = 0

    def on_start(self, start: TransactionStart) -> None:
        self._tree.on_start(start)

    def on_enter(self, entry: FrameEntry) -> None:
        is_hidden = entry.is_precompile and entry.depth and entry.kind in ("CALL", "STATICCALL")
        if is_hidden and not self._includes_precompiles:
            self._hidden = 1  # a precompile calls nobody
        else:
            self._tree.on_enter(entry)

    def on_exit(self, exit_: FrameExit) -> None:
        if self._hidden:
            self._hidden = 0
        else:
            self._tree.on_exit(exit_)

    def on_log(self, log: Log) -> None:
        """Not shown."""

    def on_end(self, end: TransactionEnd) -> None:
        self._tree.on_end(end)

    def result(self) -> Any:
        rows: list[Row] = []
        waiting: list[tuple[Call, list[int]]] = [(self._tree.root, [])]
        while waiting:
            call, address = waiting.pop()
            rows.append(self._row(call, address))
            inner = [(each, [*address, index]) for index, each in enumerate(call.get("calls", ()))]
            waiting.extend(reversed(inner))
        return rows

    def _row(self, call: Call, address: list[int]) -> Row:
        row = {**_shape(call), "subtraces": len(call.get("calls", ())), "traceAddress": address}
        row |= _place_members(self._place)
        if error := call.get("error"):
            row["error"] = parity_words(error) if self._converts_errors else error
            if error != REVERTED:
                row.pop("result", None)
        return row


def _shape(call: Call) -> Row:
    if call["type"] in ("CREATE", "CREATE2"):
        return _creation(call)
    if call["type"] == "SELFDESTRUCT":
        action = {"address": call["from"], "balance": call["value"], "refundAddress": call["to"]}
        return {"type": "suicide", "action": action}
    action = {
        "callType": call["type"].lower(),
        "from": call["from"],
        "gas": call["gas"],
        "input": call["input"],
        "to": call["to"],
        "value": call.get("value", "0x0"),
    }
    return {
        "type": "call",
        "action": action,
        "result": {"gasUsed": call["gasUsed"], "output": call.get("output", "0x")},
    }


def _creation(call: Call) -> Row:
    action = {
        "from": call["from"],
        "gas": call["gas"],
        "init": call["input"],
        "value": call["value"],
    }
    result = {"code": call.get("output", "0x"), "gasUsed": call["gasUsed"]}
    if "to" in call:
        result["address"] = call["to"]
    return {"type": "create", "action": action, "result": result}


def _place_members(place: TracePlace | None) -> Row:
    if place is None:
        return {"blockHash": None, "blockNumber": 0, "transactionHash": None, "transactionPosition": 0}
    return {
        "blockHash": "0x" + place.block_hash.hex(),
        "blockNumber": place.block_number,
        "transactionHash": "0x" + place.transaction_hash.hex(),
        "transactionPosition": place.index,
    }


def parity_words(error: str) -> str:
    """What Parity called a failure, where it had a name for it."""
    known = PARITY_WORDS.get(error)
    prefixed = (words for prefix, words in PARITY_PREFIXES.items() if error.startswith(prefix))
    return known or next(prefixed, error)
