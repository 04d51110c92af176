"""What nodes say when they refuse, in the project's errors. Codes and words of Bitcoin Core and Litecoin Core.

The words are those of `src/rpc/protocol.h`, `src/validation.cpp` and `src/policy/`; what is not recognised stays a
Transient JsonRpcError.
"""

from ledgers.transport import JsonRpcError
from rollup.core.errors import (
    LedgerBusy,
    LedgerFeeTooLow,
    LedgerFundsTooLow,
    LedgerNonceConflict,
    PostingRefused,
    RollupError,
)

NOT_FOUND = -5
"""RPC_INVALID_ADDRESS_OR_KEY: no such block, transaction or mempool entry."""
OUT_OF_RANGE = -8
"""RPC_INVALID_PARAMETER: no such height."""
NO_LABEL = -11
IN_CHAIN = -27
WARMING_UP = -28
WALLET_LOCKED = -13
NO_WALLET = -18
"""No wallet of this name is loaded."""

KNOWN_WORDS = ("already in block chain", "already in utxo set", "txn-already-known", "txn-already-in-mempool")

_WORDS: tuple[tuple[type[RollupError], tuple[str, ...]], ...] = (
    (
        LedgerNonceConflict,
        ("missing inputs", "missing-inputs", "missingorspent", "txn-mempool-conflict", "bad-txns-spends"),
    ),
    (LedgerBusy, ("too-long-mempool-chain", "too many potential replacements", "mempool full", "too-large-cluster")),
    (LedgerFeeTooLow, ("insufficient fee", "min fee not met", "min relay fee not met", "fee not met")),
    (LedgerFundsTooLow, ("insufficient funds", "in-belowout")),
    (
        PostingRefused,
        ("dust", "scriptpubkey", "datacarrier", "verify-flag", "max-fee", "absurdly-high-fee", "tx-size", "version"),
    ),
)


def is_known(error: JsonRpcError) -> bool:
    """The node, or the chain, has these very bytes already."""
    return error.code == IN_CHAIN or any(word in error.message.lower() for word in KNOWN_WORDS)


def translate_refusal(error: JsonRpcError) -> RollupError:
    """The error that says what to do next; the same object back where the words are not known."""
    if error.code == WARMING_UP:
        return LedgerBusy(error.message)
    if error.code == WALLET_LOCKED:
        return PostingRefused(error.message)
    message = error.message.lower()
    for kind, words in _WORDS:
        if any(word in message for word in words):
            return kind(error.message)
    return error
