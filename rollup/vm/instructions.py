"""The instruction table of the Prague fork: for every opcode its static gas, its stack effect and what it does."""

from typing import Any, NamedTuple

from eth.exceptions import Halt
from eth.vm.forks.byzantium.opcodes import ensure_no_static
from eth.vm.forks.cancun.logic import selfdestruct_eip6780
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES

from rollup.vm import ops_arithmetic as arithmetic
from rollup.vm import ops_environment as environment
from rollup.vm import ops_flow as flow
from rollup.vm import ops_memory as memory
from rollup.vm import ops_state as state
from rollup.vm.frame import Step

GAS_SELFDESTRUCT = 5_000


class Instruction(NamedTuple):
    """``ends_block`` is set where the program counter may move, or where the gas that is left can be seen: what comes
    after is then not yet paid for. ``argument`` goes to the step, unless the opcode has immediate data."""

    gas: int
    pops: int
    pushes: int
    step: Step
    argument: Any = None
    ends_block: bool = False


def _selfdestruct(frame: Any) -> None:
    frame.consume_gas(GAS_SELFDESTRUCT, "SELFDESTRUCT")
    balance, beneficiary = frame.state.get_balance(frame.address), frame.stack[-1].to_bytes(32, "big")[12:]
    try:
        ensure_no_static(selfdestruct_eip6780)(frame)
    except Halt:
        frame.on_destroyed(beneficiary, balance)
        raise


def _foreign(opcode: int, pops: int) -> Instruction:
    return Instruction(0, pops, 1, flow.run_foreign, PRAGUE_OPCODES[opcode], ends_block=True)


_STACK = {
    0x01: Instruction(3, 2, 1, arithmetic.add),
    0x02: Instruction(5, 2, 1, arithmetic.mul),
    0x03: Instruction(3, 2, 1, arithmetic.sub),
    0x04: Instruction(5, 2, 1, arithmetic.div),
    0x05: Instruction(5, 2, 1, arithmetic.sdiv),
    0x06: Instruction(5, 2, 1, arithmetic.mod),
    0x07: Instruction(5, 2, 1, arithmetic.smod),
    0x08: Instruction(8, 3, 1, arithmetic.addmod),
    0x09: Instruction(8, 3, 1, arithmetic.mulmod),
    0x0A: Instruction(10, 2, 1, arithmetic.exp),
    0x0B: Instruction(5, 2, 1, arithmetic.signextend),
    0x10: Instruction(3, 2, 1, arithmetic.lt),
    0x11: Instruction(3, 2, 1, arithmetic.gt),
    0x12: Instruction(3, 2, 1, arithmetic.slt),
    0x13: Instruction(3, 2, 1, arithmetic.sgt),
    0x14: Instruction(3, 2, 1, arithmetic.eq),
    0x15: Instruction(3, 1, 1, arithmetic.iszero),
    0x16: Instruction(3, 2, 1, arithmetic.and_),
    0x17: Instruction(3, 2, 1, arithmetic.or_),
    0x18: Instruction(3, 2, 1, arithmetic.xor),
    0x19: Instruction(3, 1, 1, arithmetic.not_),
    0x1A: Instruction(3, 2, 1, arithmetic.byte),
    0x1B: Instruction(3, 2, 1, arithmetic.shl),
    0x1C: Instruction(3, 2, 1, arithmetic.shr),
    0x1D: Instruction(3, 2, 1, arithmetic.sar),
    0x50: Instruction(2, 1, 0, arithmetic.pop),
    0x58: Instruction(2, 0, 1, arithmetic.push),
    0x5F: Instruction(2, 0, 1, arithmetic.push, 0),
    **{0x5F + size: Instruction(3, 0, 1, arithmetic.push) for size in range(1, 33)},
    **{0x7F + depth: Instruction(3, depth, depth + 1, arithmetic.dup, -depth) for depth in range(1, 17)},
    **{0x8F + depth: Instruction(3, depth + 1, depth + 1, arithmetic.swap, -depth - 1) for depth in range(1, 17)},
}

_MEMORY = {
    0x20: Instruction(30, 2, 1, memory.keccak256),
    0x35: Instruction(3, 1, 1, memory.calldataload),
    0x36: Instruction(2, 0, 1, memory.calldatasize),
    0x37: Instruction(3, 3, 0, memory.calldatacopy),
    0x38: Instruction(2, 0, 1, memory.codesize),
    0x39: Instruction(3, 3, 0, memory.codecopy),
    0x3D: Instruction(2, 0, 1, memory.returndatasize),
    0x3E: Instruction(3, 3, 0, memory.returndatacopy),
    0x51: Instruction(3, 1, 1, memory.mload),
    0x52: Instruction(3, 2, 0, memory.mstore),
    0x53: Instruction(3, 2, 0, memory.mstore8),
    0x59: Instruction(2, 0, 1, memory.msize),
    0x5E: Instruction(3, 3, 0, memory.mcopy),
}

_ENVIRONMENT = {
    0x30: Instruction(2, 0, 1, environment.address),
    0x32: Instruction(2, 0, 1, environment.origin),
    0x33: Instruction(2, 0, 1, environment.caller),
    0x34: Instruction(2, 0, 1, environment.callvalue),
    0x3A: Instruction(2, 0, 1, environment.gasprice),
    0x40: Instruction(20, 1, 1, environment.blockhash),
    0x41: Instruction(2, 0, 1, environment.coinbase),
    0x42: Instruction(2, 0, 1, environment.timestamp),
    0x43: Instruction(2, 0, 1, environment.number),
    0x44: Instruction(2, 0, 1, environment.prevrandao),
    0x45: Instruction(2, 0, 1, environment.gaslimit),
    0x46: Instruction(2, 0, 1, environment.chainid),
    0x48: Instruction(2, 0, 1, environment.basefee),
    0x49: Instruction(3, 1, 1, environment.blobhash),
    0x4A: Instruction(2, 0, 1, environment.blobbasefee),
}

_STATE = {
    0x31: Instruction(0, 1, 1, state.balance),
    0x3B: Instruction(0, 1, 1, state.extcodesize),
    0x3C: Instruction(0, 4, 0, state.extcodecopy),
    0x3F: Instruction(0, 1, 1, state.extcodehash),
    0x47: Instruction(5, 0, 1, state.selfbalance),
    0x54: Instruction(0, 1, 1, state.sload),
    0x55: Instruction(0, 2, 0, state.sstore, ends_block=True),
    0x5C: Instruction(100, 1, 1, state.tload),
    0x5D: Instruction(100, 2, 0, state.tstore),
    **{0xA0 + topics: Instruction(375 + 375 * topics, 2 + topics, 0, state.log, topics) for topics in range(5)},
}

_FLOW = {
    0x00: Instruction(0, 0, 0, flow.stop, ends_block=True),
    0x56: Instruction(8, 1, 0, flow.jump, ends_block=True),
    0x57: Instruction(10, 2, 0, flow.jumpi, ends_block=True),
    0x5A: Instruction(2, 0, 1, flow.gas, ends_block=True),
    0xF0: _foreign(0xF0, 3),
    0xF1: _foreign(0xF1, 7),
    0xF2: _foreign(0xF2, 7),
    0xF3: Instruction(0, 2, 0, flow.return_, ends_block=True),
    0xF4: _foreign(0xF4, 6),
    0xF5: _foreign(0xF5, 4),
    0xFA: _foreign(0xFA, 6),
    0xFD: Instruction(0, 2, 0, flow.revert, ends_block=True),
    0xFF: Instruction(0, 1, 0, flow.run_foreign, _selfdestruct, ends_block=True),
}

INSTRUCTIONS: dict[int, Instruction] = {**_STACK, **_MEMORY, **_ENVIRONMENT, **_STATE, **_FLOW}


def missing_instruction(opcode: int) -> Instruction:
    """For an opcode that a table does not have: one that fails."""
    return Instruction(0, 0, 0, flow.invalid, opcode, ends_block=True)
