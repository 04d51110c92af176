"""What nodes say when they refuse, in the project's errors. Words of geth, Nethermind, Besu, Erigon, reth and anvil.

JSON-RPC has no codes for these cases, so the words decide; what is not recognised stays a Transient JsonRpcError.
"""

from functools import cache

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError

from contracts import load_artifact
from ledgers.transport import JsonRpcError
from rollup.core.errors import (
    LedgerBusy,
    LedgerFeeTooLow,
    LedgerFundsTooLow,
    LedgerNonceConflict,
    PostingRefused,
    RollupError,
)
from rollup.core.hashes import keccak

KNOWN_WORDS = ("already known", "already imported", "known transaction", "already exists", "alreadyknown")
NONCE_WORDS = (
    "nonce too low",
    "nonce is too low",
    "nonce too high",
    "nonce is too distant",
    "invalid nonce",
    "oldnonce",
)

_WORDS: tuple[tuple[type[RollupError], tuple[str, ...]], ...] = (
    (LedgerNonceConflict, NONCE_WORDS),
    (LedgerFundsTooLow, ("insufficient funds", "insufficient balance", "upfront cost exceeds", "lack of funds")),
    (
        LedgerFeeTooLow,
        ("underpriced", "less than block base fee", "fee too low", "feetoolow", "gas price too low", "gas price below"),
    ),
    (LedgerBusy, ("txpool is full", "pool is full", "limit exceeded", "too many requests", "rate limit", "in-flight")),
    (
        PostingRefused,
        ("revert", "block gas limit", "intrinsic gas", "oversized", "invalid sender", "chain id", "too large"),
    ),
)
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


def is_known(error: JsonRpcError) -> bool:
    """The node has these very bytes already."""
    return any(word in error.message.lower() for word in KNOWN_WORDS)


def translate_refusal(error: JsonRpcError) -> RollupError:
    """The error that says what to do next; the same object back where the words are not known."""
    reason = find_revert(error)
    if reason is not None:
        return PostingRefused(reason)
    message = error.message.lower()
    for kind, words in _WORDS:
        if any(word in message for word in words):
            return kind(error.message)
    return error


def find_revert(error: JsonRpcError) -> str | None:
    """Name and arguments of the contract's error, None when the node did not speak of a revert."""
    data = error.data.get("data") if isinstance(error.data, dict) else error.data
    if not isinstance(data, str) or not data.startswith("0x"):
        return None
    try:
        return describe_revert(bytes.fromhex(data[2:]))
    except ValueError:
        return None


def describe_revert(data: bytes) -> str:
    """``WrongNumber(5, 7)`` for an error of the rollup's contracts, the text of ``require``, or the bare bytes."""
    name, types = _errors().get(data[:4], ("", ()))
    try:
        if name:
            arguments = abi_decode(types, data[4:])
            return f"{name}({', '.join(_show(argument) for argument in arguments)})"
    except (DecodingError, OverflowError):
        return name
    return f"reverted with 0x{data[:100].hex()}" if data else "reverted"


def _show(argument: object) -> str:
    return "0x" + argument.hex() if isinstance(argument, bytes) else str(argument)


@cache
def _errors() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    """Selector to name and argument types, of both contracts and of Solidity itself."""
    table: dict[bytes, tuple[str, tuple[str, ...]]] = {
        _ERROR_STRING: ("Error", ("string",)),
        _PANIC: ("Panic", ("uint256",)),
    }
    for entry in (*load_artifact("BatchInbox").abi, *load_artifact("MirrorAnchor").abi):
        if entry["type"] == "error":
            types = tuple(item["type"] for item in entry["inputs"])
            table[keccak(f"{entry['name']}({','.join(types)})".encode())[:4]] = (entry["name"], types)
    return table
