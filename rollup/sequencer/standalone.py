"""The parts that a plain EVM chain plugs into the sequencer: no ledgers below it, nothing to settle, no journal."""

from collections.abc import Sequence

from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.ids import Address, Hash
from rollup.core.transaction import Transaction


class NoInputs:
    """Fits LedgerInputs: no ledger ever says anything."""

    def peek(self) -> tuple[tuple[Cursor, ...], tuple[LedgerMessage, ...]]:
        return (), ()

    def consume(self, cursors: tuple[Cursor, ...], messages: tuple[LedgerMessage, ...]) -> None:
        """Nothing was offered."""


class NoBacklog:
    """Fits Backlog: nothing is settled, so nothing piles up."""

    def is_full(self) -> bool:
        return False


class NoJournal:
    """Fits Journal: the pool is lost with the process, as on most EVM nodes."""

    def append(self, raws: Sequence[bytes]) -> None:
        """Not kept."""

    def remove(self, hashes: Sequence[Hash]) -> None:
        """Nothing is kept."""

    def replay(self) -> list[bytes]:
        return []


class NoPendingListener:
    """Fits PendingListener: nobody watches the pool."""

    def on_pending(self, transaction: Transaction, sender: Address) -> None:
        """Nobody is told."""


class NoListener:
    """Fits BlockListener: for chains that are only ever asked."""

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        """Nobody is told."""
