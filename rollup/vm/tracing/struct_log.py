"""Every instruction with the machine as it was before it: geth's struct logger, in the form of execution-apis."""

from typing import Any

import orjson
from eth.exceptions import FullStack, InsufficientStack, OutOfGas, VMError

from rollup.core.tracing import TracerSpec
from rollup.vm.failures import REVERTED, describe_failure
from rollup.vm.tracing.mnemonics import SLOAD, SSTORE, mnemonic
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, TraceContext, Tracer, TransactionEnd, WatchedFrame

FAULTS_BEFORE_STEP = (OutOfGas, InsufficientStack, FullStack)
"""Faults that geth meets before it runs an instruction: only these are named in its row."""

Row = dict[str, Any]


class StructLogger(Tracer):
    """Rows are encoded as soon as they are complete: what is kept is what will be sent."""

    def __init__(self, spec: TracerSpec, context: TraceContext) -> None:
        options = spec.options
        self._shows_stack = not options.get("disableStack")
        self._shows_storage = not options.get("disableStorage")
        self._shows_memory = bool(options.get("enableMemory"))
        self._shows_return_data = bool(options.get("enableReturnData"))
        limit = options.get("limit")
        self._limit = limit if isinstance(limit, int) else 0
        self._budget = context.budget
        self._rows: list[Any] = []
        self._open: list[int] = []
        self._storage: dict[bytes, dict[str, str]] = {}
        self._exit = FrameExit(b"", 0, "")
        self._depth = 0
        self._gas_used = 0

    def on_enter(self, entry: FrameEntry) -> None:  # noqa: ARG002
        self._depth += 1

    def on_exit(self, exit_: FrameExit) -> None:
        self._depth -= 1
        if not self._depth:
            self._exit = exit_

    def on_step(self, frame: WatchedFrame, position: int, opcode: int) -> None:
        if self._limit and len(self._rows) >= self._limit:
            self._open.append(-1)
            return
        row: Row = {"pc": position, "op": mnemonic(opcode), "gas": frame.gas, "gasCost": 0, "depth": frame.depth}
        if self._shows_stack:
            row["stack"] = [hex(item) for item in frame.stack]
        if self._shows_return_data and frame.return_data:
            row["returnData"] = "0x" + frame.return_data.hex()
        if self._shows_memory and frame.memory:
            self._budget.spend(len(frame.memory))  # before it is copied
            digits = frame.memory.hex()
            row["memory"] = ["0x" + digits[start : start + 64] for start in range(0, len(digits), 64)]
        if self._shows_storage and opcode in (SLOAD, SSTORE):
            self._note_slot(frame, opcode, row)
        if frame.refund:
            row["refund"] = frame.refund
        self._open.append(len(self._rows))
        self._rows.append(row)

    def _note_slot(self, frame: WatchedFrame, opcode: int, row: Row) -> None:
        """All slots of this contract seen so far, with what this instruction reads or is about to write."""
        stack = frame.stack
        if len(stack) < (1 if opcode == SLOAD else 2):
            return
        slots = self._storage.setdefault(frame.address, {})
        value = frame.state.get_storage(frame.address, stack[-1]) if opcode == SLOAD else stack[-2]
        slots[f"0x{stack[-1]:064x}"] = f"0x{value:064x}"
        row["storage"] = dict(slots)

    def on_paid(self, frame: WatchedFrame, opcode: int, cost: int, fault: VMError | None) -> None:
        index = self._open.pop()
        if index < 0:
            return
        row = self._rows[index]
        row["gasCost"] = cost
        if isinstance(fault, FAULTS_BEFORE_STEP):
            row["error"] = describe_failure(fault)
        elif opcode == SSTORE and fault is None:
            self._note_refund(frame, row)
        encoded = orjson.dumps(row)
        self._budget.spend(len(encoded))
        self._rows[index] = orjson.Fragment(encoded)

    def _note_refund(self, frame: WatchedFrame, row: Row) -> None:
        """geth moves the counter while it computes the cost of an SSTORE, which is before it shows the row."""
        row.pop("refund", None)
        if frame.refund:
            row["refund"] = frame.refund

    def on_end(self, end: TransactionEnd) -> None:
        self._gas_used = end.gas_used

    def result(self) -> Any:
        shows_output = self._exit.error in ("", REVERTED)
        return {
            "gas": self._gas_used,
            "failed": bool(self._exit.error),
            "returnValue": "0x" + self._exit.output.hex() if shows_output else "0x",
            "structLogs": self._rows,
        }
