"""Code prepared for running: straight runs of instructions, whose static gas and stack bounds are checked once.

Within a run nothing can see the gas that is left, and a failure takes back everything: paying for the whole run before
its first instruction changes no outcome, only which of two failures is named. Runs are prepared when they are first
reached, so that code that never runs costs nothing.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from eth.exceptions import FullStack, InsufficientStack, VMError

from rollup.core.forks import Fork
from rollup.vm.forks.tables import INSTRUCTION_TABLES
from rollup.vm.frame import Step
from rollup.vm.instructions import Instruction, missing_instruction
from rollup.vm.jumps import JUMPDEST, REMEMBERED_BYTES_MAX

STACK_MAX = 1024
RUN_STEPS_MAX = 64
PROGRAM_STEPS_MAX = 8192
PROGRAMS_REMEMBERED_MAX = 64

PUSH1, PUSH32 = 0x60, 0x7F
STOP, PC = 0x00, 0x58


class Run(NamedTuple):
    """Instructions from ``start`` on. The stack must hold at least ``depth_min`` and at most ``depth_max`` items."""

    start: int
    gas: int
    depth_min: int
    depth_max: int
    steps: tuple[tuple[Step, Any], ...]
    next: int


class Program:
    """The runs of one code under one fork, found by where they start."""

    def __init__(self, code: bytes, fork: Fork = Fork.PRAGUE) -> None:
        self._code = code
        self._table = INSTRUCTION_TABLES[fork]
        self._steps = 0
        self.runs: dict[int, Run] = {}

    def prepare(self, start: int) -> Run:
        """The run that starts at ``start``, which is 0, a jump destination, or where another run ended."""
        if self._steps > PROGRAM_STEPS_MAX:
            self.runs.clear()
            self._steps = 0
        is_padding = start < len(self._code) and self._code[start] == JUMPDEST
        run = self._skip_destinations(start) if is_padding else self._read_run(start)
        self._steps += len(run.steps) + 1
        self.runs[start] = run
        return run

    def _skip_destinations(self, start: int) -> Run:
        end = start
        while end < len(self._code) and self._code[end] == JUMPDEST:
            end += 1
        return Run(start, end - start, 0, STACK_MAX, (), end)

    def _read_run(self, start: int) -> Run:
        steps: list[tuple[Step, Any]] = []
        gas = height = lowest = highest = 0
        position, ended = start, False
        while not ended and len(steps) < RUN_STEPS_MAX and self.opcode_at(position) != JUMPDEST:
            instruction, argument, position = self.read_instruction(position)
            lowest = min(lowest, height - instruction.pops)
            height += instruction.pushes - instruction.pops
            highest = max(highest, height)
            gas += instruction.gas
            steps.append((instruction.step, argument))
            ended = instruction.ends_block
        return Run(start, gas, -lowest, STACK_MAX - highest, tuple(steps), position)

    def opcode_at(self, position: int) -> int:
        """Beyond its end a code is zeros."""
        return self._code[position] if position < len(self._code) else STOP

    def read_instruction(self, position: int) -> tuple[Instruction, Any, int]:
        """What is there, its argument, and where the next one is."""
        opcode = self.opcode_at(position)
        instruction = self._table.get(opcode) or missing_instruction(opcode)
        if PUSH1 <= opcode <= PUSH32:
            size = opcode - PUSH1 + 1
            data = self._code[position + 1 : position + 1 + size].ljust(size, b"\x00")
            return instruction, int.from_bytes(data, "big"), position + 1 + size
        argument = position if opcode == PC else instruction.argument
        return instruction, argument, position + 1

    def stack_fault(self, run: Run, depth: int) -> VMError:
        """Why ``run`` cannot start on a stack of ``depth`` items: the first instruction that misses or overflows."""
        position = run.start
        while True:
            instruction, _, position = self.read_instruction(position)
            if (fault := find_stack_fault(instruction, depth)) is not None:
                return fault
            depth += instruction.pushes - instruction.pops


def find_stack_fault(instruction: Instruction, depth: int) -> VMError | None:
    """Why an instruction cannot run on a stack of ``depth`` items; None when it can."""
    if depth < instruction.pops:
        return InsufficientStack(f"stack underflow ({depth} <=> {instruction.pops})")
    limit = STACK_MAX + instruction.pops - instruction.pushes
    return FullStack(f"stack limit reached {depth} ({limit})") if depth > limit else None


def program_of(code: bytes, fork: Fork) -> Program:
    """The program of a code, shared by all frames that run it while it is remembered."""
    return _remembered(code, fork) if len(code) <= REMEMBERED_BYTES_MAX else Program(code, fork)


_remembered = lru_cache(maxsize=PROGRAMS_REMEMBERED_MAX)(Program)
