"""Instruction tables of the forks: ours where the fork's rule is the one that we have, py-evm's elsewhere."""

from collections.abc import Mapping
from typing import Any

from eth.vm.forks.berlin.opcodes import BERLIN_OPCODES
from eth.vm.forks.byzantium.opcodes import BYZANTIUM_OPCODES
from eth.vm.forks.cancun.opcodes import CANCUN_OPCODES
from eth.vm.forks.constantinople.opcodes import CONSTANTINOPLE_OPCODES
from eth.vm.forks.frontier.opcodes import FRONTIER_OPCODES
from eth.vm.forks.homestead.opcodes import HOMESTEAD_OPCODES
from eth.vm.forks.istanbul.opcodes import ISTANBUL_OPCODES
from eth.vm.forks.london.opcodes import LONDON_OPCODES
from eth.vm.forks.paris.opcodes import PARIS_OPCODES
from eth.vm.forks.petersburg.opcodes import PETERSBURG_OPCODES
from eth.vm.forks.shanghai.opcodes import SHANGHAI_OPCODES
from eth.vm.forks.spurious_dragon.opcodes import SPURIOUS_DRAGON_OPCODES
from eth.vm.forks.tangerine_whistle.opcodes import TANGERINE_WHISTLE_OPCODES

from rollup.core.forks import Fork
from rollup.vm.instructions import INSTRUCTIONS, Instruction
from rollup.vm.ops_arithmetic import clz
from rollup.vm.ops_flow import run_foreign

EXP, SELFDESTRUCT, CLZ = 0x0A, 0xFF, 0x1E
_CALLS_AND_CREATIONS = (0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA)

_OURS_SINCE = {
    EXP: Fork.SPURIOUS_DRAGON,  # EIP-160
    **dict.fromkeys((0x31, 0x3B, 0x3C, 0x3F, 0x54), Fork.BERLIN),  # EIP-2929
    0x55: Fork.LONDON,  # EIP-3529
    SELFDESTRUCT: Fork.CANCUN,  # EIP-6780
    **dict.fromkeys(_CALLS_AND_CREATIONS, Fork.PRAGUE),  # EIP-7702
}
"""Instructions whose rule changed, and the fork from which ours has it. DIFFICULTY is PREVRANDAO, with the difficulty
in its place (EIP-4399)."""

_THEIRS: dict[Fork, Mapping[int, Any]] = {
    Fork.FRONTIER: FRONTIER_OPCODES,
    Fork.HOMESTEAD: HOMESTEAD_OPCODES,
    Fork.TANGERINE_WHISTLE: TANGERINE_WHISTLE_OPCODES,
    Fork.SPURIOUS_DRAGON: SPURIOUS_DRAGON_OPCODES,
    Fork.BYZANTIUM: BYZANTIUM_OPCODES,
    Fork.CONSTANTINOPLE: CONSTANTINOPLE_OPCODES,
    Fork.PETERSBURG: PETERSBURG_OPCODES,
    Fork.ISTANBUL: ISTANBUL_OPCODES,
    Fork.BERLIN: BERLIN_OPCODES,
    Fork.LONDON: LONDON_OPCODES,
    Fork.PARIS: PARIS_OPCODES,
    Fork.SHANGHAI: {**SHANGHAI_OPCODES, SELFDESTRUCT: PARIS_OPCODES[SELFDESTRUCT]},
    Fork.CANCUN: CANCUN_OPCODES,
}


def _build_table(fork: Fork) -> dict[int, Instruction]:
    theirs = _THEIRS[fork]
    table = {}
    for opcode, ours in INSTRUCTIONS.items():
        if opcode not in theirs and opcode != 0x5B:
            continue
        if fork >= _OURS_SINCE.get(opcode, Fork.FRONTIER):
            table[opcode] = ours
        else:
            table[opcode] = Instruction(0, ours.pops, ours.pushes, run_foreign, theirs[opcode], ends_block=True)
    return table


INSTRUCTION_TABLES: dict[Fork, dict[int, Instruction]] = {
    **{fork: _build_table(fork) for fork in _THEIRS},
    Fork.PRAGUE: INSTRUCTIONS,
    Fork.OSAKA: {**INSTRUCTIONS, CLZ: Instruction(5, 1, 1, clz)},  # EIP-7939
}
