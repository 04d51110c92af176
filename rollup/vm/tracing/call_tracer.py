"""The tree of calls: geth's callTracer."""

from typing import Any

import orjson

from rollup.core.block import Log
from rollup.core.reverts import revert_reason
from rollup.core.tracing import TracerSpec
from rollup.vm.failures import REVERTED
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, TraceContext, Tracer, TransactionEnd, TransactionStart

Call = dict[str, Any]
CALL_BYTES = 300
"""What a frame takes in the answer beside its input and output."""


class CallTracer(Tracer):
    """``calls`` is there only where calls were made, and so with the other members that can be empty."""

    def __init__(self, spec: TracerSpec, context: TraceContext) -> None:
        self._only_top = bool(spec.options.get("onlyTopCall"))
        self._with_logs = bool(spec.options.get("withLog"))
        self._budget = context.budget
        self._logs_before = context.logs_before
        self._open: list[Call] = []
        self._depth = 0
        self._gas_limit = 0
        self.root: Call = {}

    def on_start(self, start: TransactionStart) -> None:
        self._gas_limit = start.gas

    def on_enter(self, entry: FrameEntry) -> None:
        self._depth += 1
        if self._only_top and self._depth > 1:
            return
        self._budget.spend(CALL_BYTES + 2 * len(entry.input))
        call: Call = {
            "from": "0x" + entry.sender.hex(),
            "gas": hex(entry.gas if self._depth > 1 else self._gas_limit),
            "gasUsed": "0x0",
            "to": "0x" + entry.to.hex(),
            "input": "0x" + entry.input.hex(),
            "type": entry.kind,
        }
        if entry.value is not None:
            call["value"] = hex(entry.value)
        if self._open:
            self._open[-1].setdefault("calls", []).append(call)
        else:
            self.root = call
        self._open.append(call)

    def on_exit(self, exit_: FrameExit) -> None:
        self._depth -= 1
        if self._only_top and self._depth:
            return
        call = self._open.pop()
        call["gasUsed"] = hex(exit_.gas_used)
        self._budget.spend(2 * len(exit_.output))
        if exit_.output and exit_.error in ("", REVERTED):
            call["output"] = "0x" + exit_.output.hex()
        if exit_.error:
            self._fail(call, exit_)

    def _fail(self, call: Call, exit_: FrameExit) -> None:
        call["error"] = exit_.error
        if call["type"] in ("CREATE", "CREATE2"):
            del call["to"]
        reason = revert_reason(exit_.output) if exit_.error == REVERTED else ""
        if reason:
            call["revertReason"] = reason

    def on_log(self, log: Log) -> None:
        if not self._with_logs or (self._only_top and self._depth > 1):
            return
        self._budget.spend(CALL_BYTES + 2 * len(log.data))
        call = self._open[-1]
        row = {
            "address": "0x" + log.address.hex(),
            "topics": ["0x" + topic.hex() for topic in log.topics],
            "data": "0x" + log.data.hex(),
            "position": hex(len(call.get("calls", ()))),
        }
        call.setdefault("logs", []).append(row)

    def on_end(self, end: TransactionEnd) -> None:
        self.root["gasUsed"] = hex(end.gas_used)
        if self._with_logs:
            _number_logs(self.root, self._logs_before)

    def result(self) -> Any:
        return orjson.Fragment(_encode_tree(self.root))


def _number_logs(call: Call, next_index: int) -> int:
    """Take away what failed calls logged, and give the others their place in the block, in the order of time."""
    if "error" in call:
        _drop_logs(call)
        return next_index
    calls = call.get("calls", [])
    passed = 0
    for log in call.get("logs", ()):
        position = int(log["position"], 16)
        for inner in calls[passed:position]:
            next_index = _number_logs(inner, next_index)
        passed = position
        log["index"] = hex(next_index)
        next_index += 1
    for inner in calls[passed:]:
        next_index = _number_logs(inner, next_index)
    return next_index


def _encode_tree(root: Call) -> bytes:
    """JSON of calls in calls, deeper than orjson goes by itself."""
    pieces: list[bytes] = []
    waiting: list[Call | bytes] = [root]
    while waiting:
        item = waiting.pop()
        if isinstance(item, bytes):
            pieces.append(item)
            continue
        calls = item.pop("calls", None)
        text = orjson.dumps(item)
        if not calls:
            pieces.append(text)
            continue
        pieces.append(text[:-1] + b',"calls":[')
        waiting.append(b"]}")
        for call in reversed(calls[1:]):
            waiting += [call, b","]
        waiting.append(calls[0])
    return b"".join(pieces)


def _drop_logs(call: Call) -> None:
    call.pop("logs", None)
    for inner in call.get("calls", ()):
        _drop_logs(inner)
