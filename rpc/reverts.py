"""Reverts and failed calls as errors: code 3 with the revert data, in geth's words."""

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from rollup.core.execution import CallResult
from rpc.errors import REVERTED, SERVER_ERROR, RpcError
from rpc.hexes import data

ERROR_SELECTOR = bytes.fromhex("08c379a0")  # Error(string)
PANIC_SELECTOR = bytes.fromhex("4e487b71")  # Panic(uint256)

PANICS = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def revert_reason(output: bytes) -> str:
    """What Solidity's ``Error(string)`` or ``Panic(uint256)`` says, '' for anything else."""
    try:
        if output[:4] == ERROR_SELECTOR:
            reason: str = decode(["string"], output[4:])[0]
            return reason
        if output[:4] == PANIC_SELECTOR:
            code: int = decode(["uint256"], output[4:])[0]
            return PANICS.get(code, f"unknown panic code: {code:#x}")
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return ""
    return ""


def revert_message(output: bytes) -> str:
    """geth's words for a revert with this data."""
    reason = revert_reason(output)
    return f"execution reverted: {reason}" if reason else "execution reverted"


def check_call(result: CallResult) -> None:
    """Raises RpcError unless the call succeeded."""
    if result.reverted:
        raise RpcError(REVERTED, revert_message(result.output), data(result.output))
    if result.error:
        raise RpcError(SERVER_ERROR, result.error)
