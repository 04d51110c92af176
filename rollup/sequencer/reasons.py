"""Why transactions left the pool without a block, remembered for a while so that their senders can be told."""

from rollup.core.errors import NonceTooLow
from rollup.core.ids import Hash

EVICTED = "evicted: the pool was full and others pay more"
EXPIRED = "expired: nothing new came from the sender for too long"
REPLACED = "replaced by a transaction with the same nonce"
OVERTAKEN = f"{NonceTooLow.words}: another transaction with this nonce was included"


class Reasons:
    """The last ``reasons_max`` departures. Pure."""

    def __init__(self, reasons_max: int) -> None:
        self._reasons_max = reasons_max
        self._words: dict[Hash, str] = {}

    def note(self, transaction_hash: Hash, words: str) -> None:
        self._words.pop(transaction_hash, None)
        self._words[transaction_hash] = words
        if len(self._words) > self._reasons_max:
            del self._words[next(iter(self._words))]

    def clear(self, transaction_hash: Hash) -> None:
        """It is back (or in a block after all)."""
        self._words.pop(transaction_hash, None)

    def find(self, transaction_hash: Hash) -> str | None:
        return self._words.get(transaction_hash)
