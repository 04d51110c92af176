"""What Parity's ``trace_replay*`` shows beside the calls: ``stateDiff`` and ``vmTrace``."""

from typing import Any

import orjson
from eth.exceptions import VMError

from rollup.vm.forks.tables import INSTRUCTION_TABLES
from rollup.vm.tracing import mnemonics
from rollup.vm.tracing.prestate import Before, StateWatch
from rollup.vm.tracing.tracer import FrameEntry, FrameExit, TraceContext, Tracer, TransactionEnd, WatchedFrame

MSTORE, MSTORE8, MLOAD, MCOPY = 0x52, 0x53, 0x51, 0x5E
COPIES = frozenset({0x37, 0x39, 0x3E, MCOPY})
"""CALLDATACOPY and its like: target, source, size."""

Row = dict[str, Any]
Area = tuple[int, int]


class StateDiffTracer(StateWatch):
    """Per account: ``=`` for what stayed, ``*`` for what changed, ``+`` and ``-`` for accounts that came and went."""

    def __init__(self, context: TraceContext) -> None:
        super().__init__(context)
        self._rows: dict[str, Row] = {}

    def on_end(self, end: TransactionEnd) -> None:
        state = end.state
        for address, before in self.before.items():
            slots = {slot: state.get_storage(address, slot) for slot in before.slots}
            after = Before(state.get_balance(address), state.get_nonce(address), state.get_code(address), slots)
            if after != before:
                self._rows["0x" + address.hex()] = _diff(before, after)

    def result(self) -> Any:
        return self._rows


def _diff(before: Before, after: Before) -> Row:
    sign = "+" if before.is_empty else "-" if after.is_empty else ""
    changed = {slot: (value, after.slots[slot]) for slot, value in before.slots.items() if value != after.slots[slot]}
    return {
        "balance": _change(hex(before.balance), hex(after.balance), sign),
        "code": _change("0x" + before.code.hex(), "0x" + after.code.hex(), sign),
        "nonce": _change(hex(before.nonce), hex(after.nonce), sign),
        "storage": {_word(slot): _change(_word(was), _word(now), sign) for slot, (was, now) in changed.items()},
    }


def _change(was: str, now: str, sign: str) -> Any:
    if sign:
        return {sign: now if sign == "+" else was}
    return "=" if was == now else {"*": {"from": was, "to": now}}


def _word(value: int) -> str:
    return f"0x{value:064x}"


class VmTracer(Tracer):
    """Instructions with what they left: stack items, memory, a storage slot, the gas that remained."""

    def __init__(self, context: TraceContext) -> None:
        self._budget = context.budget
        self._frames: list[Row | None] = []
        self._open: list[tuple[Row, Area | None, Row | None]] = []
        self._indexes: list[int] = []
        self._counted: dict[int, int] = {}
        self._root: Any = None

    def on_enter(self, entry: FrameEntry) -> None:
        has_code = bool(entry.code) and not entry.is_precompile
        self._frames.append({"code": "0x" + entry.code.hex(), "ops": []} if has_code else None)
        self._budget.spend(2 * len(entry.code))

    def on_exit(self, exit_: FrameExit) -> None:  # noqa: ARG002
        frame = self._frames.pop()
        encoded = b"" if frame is None else orjson.dumps(frame)
        if not self._frames:
            self._root = orjson.Fragment(encoded) if encoded else {"code": "0x", "ops": []}
        elif encoded:
            self._open[-1][0]["sub"] = orjson.Fragment(encoded)
            self._counted[len(self._open)] = len(encoded)

    def on_step(self, frame: WatchedFrame, position: int, opcode: int) -> None:
        row: Row = {"cost": 0, "ex": None, "pc": position, "sub": None}
        ops = self._ops()
        self._indexes.append(len(ops))
        ops.append(row)
        stack = frame.stack
        store = None
        if opcode == mnemonics.SSTORE and len(stack) > 1:
            store = {"key": hex(stack[-1]), "val": hex(stack[-2])}
        self._open.append((row, _written_area(opcode, stack), store))

    def on_paid(self, frame: WatchedFrame, opcode: int, cost: int, fault: VMError | None) -> None:
        counted = self._counted.pop(len(self._open), 0)
        row, area, store = self._open.pop()
        row["cost"] = cost
        if fault is None:
            row["ex"] = self._effect(frame, opcode, area, store)
        encoded = orjson.dumps(row)
        self._budget.spend(len(encoded) - counted)
        self._ops()[self._indexes.pop()] = orjson.Fragment(encoded)

    def _ops(self) -> list[Any]:
        frame = self._frames[-1]
        return [] if frame is None else frame["ops"]

    def _effect(self, frame: WatchedFrame, opcode: int, area: Area | None, store: Row | None) -> Row:
        """What an instruction left."""
        instruction = INSTRUCTION_TABLES[frame.state.fork].get(opcode)
        pushed = instruction.pushes if instruction is not None else 0
        push = [hex(item) for item in frame.stack[len(frame.stack) - pushed :]] if frame.stack else []
        memory = None
        if area is not None and area[1]:
            data = bytes(frame.memory[area[0] : sum(area)])
            memory = {"data": "0x" + data.hex(), "off": area[0]}
        return {"mem": memory, "push": push, "store": store, "used": frame.gas}

    def result(self) -> Any:
        return self._root


def _written_area(opcode: int, stack: list[int]) -> Area | None:
    """Which memory an instruction may write, or, for MLOAD, reads: offset and size."""
    operands = stack[:-8:-1]
    if opcode in (MSTORE, MLOAD) and operands:
        return operands[0], 32
    if opcode == MSTORE8 and operands:
        return operands[0], 1
    if opcode in COPIES and len(operands) > 2:
        return operands[0], operands[2]
    if opcode == mnemonics.EXTCODECOPY and len(operands) > 3:
        return operands[1], operands[3]
    count = 7 if opcode in (mnemonics.CALL, mnemonics.CALLCODE) else 6
    if opcode in mnemonics.CALLS and len(operands) >= count:
        return operands[count - 2], operands[count - 1]
    return None
