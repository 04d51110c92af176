"""What an instruction sees of the frame that it runs in, and the few moves that instructions share.

``Frame`` is the shape of ``ChainComputation`` without py-evm's surface, so that instructions need not know that class.
The stack holds integers below 2**256; static gas and stack bounds were checked for the whole block of instructions
before the first of them runs (``program``).
"""

from typing import Any, Protocol

from eth.abc import MessageAPI
from eth.exceptions import OutOfGas, WriteProtection

from rollup.core.block import Log
from rollup.core.ids import Hash
from rollup.vm.fork import ChainState
from rollup.vm.work import WorkMeter

HALTED = -1
"""Program counter of a frame that is done."""


class Frame(Protocol):
    """One message call or creation while it runs. ``gas`` is what is left; ``memory_gas`` what the memory cost;
    ``destinations`` the code without pushes, from the first jump on."""

    state: ChainState
    msg: MessageAPI
    gas_price: int
    origin: bytes
    blob_hashes: tuple[Hash, ...]
    address: bytes
    stack: list[int]
    memory: bytearray
    gas: int
    memory_gas: int
    gas_refunded: int
    pc: int
    destinations: bytes | None
    meter: WorkMeter
    return_data: bytes
    logs: list[Log]
    output: bytes


Step = Any
"""``Callable[[Frame, T], None]``: an instruction; T is int for PUSH and its like, unused elsewhere."""


def charge(frame: Frame, amount: int) -> None:
    """Pay gas. Raises OutOfGas, which holds the amount."""
    left = frame.gas - amount
    if left < 0:
        raise OutOfGas(amount)
    frame.gas = left


def expand_memory(frame: Frame, offset: int, size: int) -> None:
    """Make memory reach to ``offset + size`` and pay for it (Yellow Paper, appendix H.1). Raises OutOfGas."""
    memory = frame.memory
    if not size or offset + size <= len(memory):
        return
    words = (offset + size + 31) // 32
    cost = words * 3 + words * words // 512
    charge(frame, cost - frame.memory_gas)
    frame.memory_gas = cost
    memory.extend(bytes(words * 32 - len(memory)))


def read_memory(frame: Frame, offset: int, size: int) -> bytes:
    """One copy of a part of memory that was paid for."""
    with memoryview(frame.memory) as view:
        return bytes(view[offset : offset + size])


def copy_to_memory(frame: Frame, offset: int, data: bytes, size: int) -> None:
    """Pay per word, expand, and write ``data`` padded with zeros to ``size``."""
    charge(frame, (size + 31) // 32 * 3)
    expand_memory(frame, offset, size)
    frame.memory[offset : offset + size] = data.ljust(size, b"\x00")


def require_writable(frame: Frame) -> None:
    """Raises WriteProtection inside of a STATICCALL."""
    if frame.msg.is_static:
        raise WriteProtection
