"""The instruction table: Prague's, with our jumps and self-destruction."""

from typing import Any

from eth.abc import ComputationAPI, OpcodeAPI
from eth.exceptions import InvalidJumpDestination
from eth.vm import mnemonics, opcode_values
from eth.vm.forks.byzantium.opcodes import ensure_no_static
from eth.vm.forks.cancun.logic import selfdestruct_eip6780
from eth.vm.forks.prague.opcodes import PRAGUE_OPCODES
from eth.vm.forks.tangerine_whistle.constants import GAS_SELFDESTRUCT_EIP150
from eth.vm.opcode import as_opcode

from rollup.vm.failures import InvalidOpcode
from rollup.vm.jumps import is_destination

DESIGNATED_INVALID = 0xFE


def invalid_instruction(opcode: int) -> InvalidOpcode:
    """The failure for an opcode that the table does not have, in geth's words."""
    name = "INVALID" if opcode == DESIGNATED_INVALID else f"opcode {opcode:#x} not defined"
    return InvalidOpcode(f"invalid opcode: {name}")


def _jump_to(computation: Any, destination: int) -> None:
    if not is_destination(computation.msg.code, destination):
        raise InvalidJumpDestination
    computation.code.program_counter = destination


def _jump(computation: ComputationAPI) -> None:
    _jump_to(computation, computation.stack_pop1_int())


def _jump_if(computation: ComputationAPI) -> None:
    destination, condition = computation.stack_pop_ints(2)
    if condition:
        _jump_to(computation, destination)


INSTRUCTIONS: dict[int, OpcodeAPI] = {
    **PRAGUE_OPCODES,
    opcode_values.JUMP: as_opcode(_jump, mnemonics.JUMP, 8),
    opcode_values.JUMPI: as_opcode(_jump_if, mnemonics.JUMPI, 10),
    opcode_values.SELFDESTRUCT: as_opcode(
        ensure_no_static(selfdestruct_eip6780), mnemonics.SELFDESTRUCT, GAS_SELFDESTRUCT_EIP150
    ),
}
