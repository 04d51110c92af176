"""geth's words for why an execution failed, from py-evm's exceptions."""

from eth.exceptions import (
    ContractCreationCollision,
    FullStack,
    InsufficientFunds,
    InsufficientStack,
    InvalidJumpDestination,
    OutOfBoundsRead,
    OutOfGas,
    ReservedBytesInCode,
    Revert,
    StackDepthLimit,
    VMError,
    WriteProtection,
)

OUT_OF_GAS = "out of gas"
REVERTED = "execution reverted"


class CodeTooLarge(VMError):
    """A creation returned more code than EIP-170 allows."""


class InitCodeTooLong(VMError):
    """A contract creates with more init code than EIP-3860 allows."""


class CodeStorageOutOfGas(VMError):
    """A creation cannot pay for the code that it returned."""


class InvalidOpcode(VMError):
    """An instruction that does not exist, or the designated invalid one. Its message is complete."""


_WORDS: dict[type[VMError], str] = {
    OutOfGas: OUT_OF_GAS,
    InvalidJumpDestination: "invalid jump destination",
    WriteProtection: "write protection",
    OutOfBoundsRead: "return data out of bounds",
    InsufficientFunds: "insufficient balance for transfer",
    StackDepthLimit: "max call depth exceeded",
    ContractCreationCollision: "contract address collision",
    InitCodeTooLong: "max initcode size exceeded",
    CodeTooLarge: "max code size exceeded",
    CodeStorageOutOfGas: "contract creation code storage out of gas",
    ReservedBytesInCode: "invalid code: must not begin with 0xef",
    Revert: REVERTED,
}

_OWN_WORDS = (InsufficientStack, FullStack, InvalidOpcode)
"""Raised by this package with the full words as their message."""


def describe_failure(error: VMError) -> str:
    """'' never; an unknown failure keeps its own message."""
    if isinstance(error, _OWN_WORDS):
        return str(error)
    return _WORDS.get(type(error), str(error) or type(error).__name__)
