"""Instructions on memory, call data, code, return data and hashes."""

from eth.exceptions import OutOfBoundsRead

from rollup.core.hashes import keccak
from rollup.vm.frame import Frame, charge, copy_to_memory, expand_memory, read_memory

GAS_KECCAK_WORD = 6
GAS_COPY_WORD = 3


def keccak256(frame: Frame, _: int) -> None:
    stack = frame.stack
    offset, size = stack.pop(), stack[-1]
    charge(frame, (size + 31) // 32 * GAS_KECCAK_WORD)
    expand_memory(frame, offset, size)
    stack[-1] = int.from_bytes(keccak(read_memory(frame, offset, size)), "big")


def mload(frame: Frame, _: int) -> None:
    stack = frame.stack
    offset = stack[-1]
    if offset + 32 > len(frame.memory):
        expand_memory(frame, offset, 32)
    stack[-1] = int.from_bytes(frame.memory[offset : offset + 32], "big")


def mstore(frame: Frame, _: int) -> None:
    stack = frame.stack
    offset = stack.pop()
    if offset + 32 > len(frame.memory):
        expand_memory(frame, offset, 32)
    frame.memory[offset : offset + 32] = stack.pop().to_bytes(32, "big")


def mstore8(frame: Frame, _: int) -> None:
    stack = frame.stack
    offset = stack.pop()
    expand_memory(frame, offset, 1)
    frame.memory[offset] = stack.pop() & 0xFF


def msize(frame: Frame, _: int) -> None:
    frame.stack.append(len(frame.memory))


def mcopy(frame: Frame, _: int) -> None:
    stack = frame.stack
    target, source, size = stack.pop(), stack.pop(), stack.pop()
    charge(frame, (size + 31) // 32 * GAS_COPY_WORD)
    expand_memory(frame, max(target, source), size)
    if size:
        frame.memory[target : target + size] = frame.memory[source : source + size]


def calldataload(frame: Frame, _: int) -> None:
    stack = frame.stack
    start = stack[-1]
    stack[-1] = int.from_bytes(frame.msg.data_as_bytes[start : start + 32].ljust(32, b"\x00"), "big")


def calldatasize(frame: Frame, _: int) -> None:
    frame.stack.append(len(frame.msg.data))


def calldatacopy(frame: Frame, _: int) -> None:
    stack = frame.stack
    target, start, size = stack.pop(), stack.pop(), stack.pop()
    copy_to_memory(frame, target, frame.msg.data_as_bytes[start : start + size], size)


def codesize(frame: Frame, _: int) -> None:
    frame.stack.append(len(frame.msg.code))


def codecopy(frame: Frame, _: int) -> None:
    stack = frame.stack
    target, start, size = stack.pop(), stack.pop(), stack.pop()
    copy_to_memory(frame, target, frame.msg.code[start : start + size], size)


def returndatasize(frame: Frame, _: int) -> None:
    frame.stack.append(len(frame.return_data))


def returndatacopy(frame: Frame, _: int) -> None:
    stack = frame.stack
    target, start, size = stack.pop(), stack.pop(), stack.pop()
    if start + size > len(frame.return_data):
        raise OutOfBoundsRead
    copy_to_memory(frame, target, frame.return_data[start : start + size], size)
