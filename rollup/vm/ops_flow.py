"""Instructions that move the program counter or end the frame, and the calls and creations of py-evm."""

from typing import Any

from eth.exceptions import Halt, InvalidJumpDestination, Revert

from rollup.vm.failures import InvalidOpcode
from rollup.vm.frame import HALTED, Frame, expand_memory, read_memory
from rollup.vm.jumps import JUMPDEST

DESIGNATED_INVALID = 0xFE


def stop(frame: Frame, _: int) -> None:
    frame.pc = HALTED


def jump(frame: Frame, _: int) -> None:
    _go_to(frame, frame.stack.pop())


def jumpi(frame: Frame, _: int) -> None:
    destination, condition = frame.stack.pop(), frame.stack.pop()
    if condition:
        _go_to(frame, destination)


def _go_to(frame: Frame, destination: int) -> None:
    destinations = frame.destinations
    if destinations is None:
        destinations = frame.destinations = frame.meter.destinations(frame.msg.code)
    if destination >= len(destinations) or destinations[destination] != JUMPDEST:
        raise InvalidJumpDestination
    frame.pc = destination


def gas(frame: Frame, _: int) -> None:
    frame.stack.append(frame.gas)


def return_(frame: Frame, _: int) -> None:
    frame.output = _take_output(frame)
    frame.pc = HALTED


def revert(frame: Frame, _: int) -> None:
    frame.output = _take_output(frame)
    raise Revert


def _take_output(frame: Frame) -> bytes:
    offset, size = frame.stack.pop(), frame.stack.pop()
    expand_memory(frame, offset, size)
    return read_memory(frame, offset, size)


def invalid(frame: Frame, opcode: int) -> None:  # noqa: ARG001
    """An instruction that does not exist, or the designated invalid one."""
    name = "INVALID" if opcode == DESIGNATED_INVALID else f"opcode {opcode:#x} not defined"
    raise InvalidOpcode(f"invalid opcode: {name}")


def run_foreign(frame: Frame, instruction: Any) -> None:
    """One of py-evm's own instructions: it charges its gas itself."""
    try:
        instruction(frame)
    except Halt:
        frame.pc = HALTED
