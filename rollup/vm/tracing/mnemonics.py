"""Names of instructions as geth prints them, whatever the fork."""

from typing import Final

CALL, CALLCODE, DELEGATECALL, STATICCALL = 0xF1, 0xF2, 0xF4, 0xFA
CREATE, CREATE2, SELFDESTRUCT = 0xF0, 0xF5, 0xFF
SLOAD, SSTORE = 0x54, 0x55
BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH = 0x31, 0x3B, 0x3C, 0x3F
LOG0, LOG4 = 0xA0, 0xA4
CALLS: Final = frozenset({CALL, CALLCODE, DELEGATECALL, STATICCALL})
CREATIONS: Final = frozenset({CREATE, CREATE2})

_ROWS: Final = {
    0x00: "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND",
    0x10: "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ",
    0x20: "KECCAK256",
    0x30: "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY GASPRICE"
    " EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH",
    0x40: "BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE",
    0x50: "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0",
    0xF0: "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2",
}

MNEMONICS: Final[dict[int, str]] = {
    **{start + offset: name for start, row in _ROWS.items() for offset, name in enumerate(row.split())},
    **{0x5F + size: f"PUSH{size}" for size in range(1, 33)},
    **{0x7F + depth: f"DUP{depth}" for depth in range(1, 17)},
    **{0x8F + depth: f"SWAP{depth}" for depth in range(1, 17)},
    **{LOG0 + topics: f"LOG{topics}" for topics in range(5)},
    STATICCALL: "STATICCALL",
    0xFD: "REVERT",
    0xFE: "INVALID",
    SELFDESTRUCT: "SELFDESTRUCT",
}


def mnemonic(opcode: int) -> str:
    """geth's name, or its words for an opcode that no fork has."""
    return MNEMONICS.get(opcode) or f"opcode {opcode:#x} not defined"
