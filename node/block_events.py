"""Every sealed or derived block passes here once: metrics, rate, JSON-RPC's feed hear of it, and whoever asked to."""

from collections.abc import Callable
from typing import Protocol

from node.snapshot import RateMeter
from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.ids import BlockNumber
from rpc.feed import ChainFeed
from rpc.metrics import ChainMetrics


class BlockHearer(Protocol):
    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None: ...


class BlockEvents:
    """Fits the listener ports of sequencer and consensus."""

    def __init__(self, metrics: ChainMetrics, clock: Callable[[], float]) -> None:
        self.metrics = metrics
        self.feed = ChainFeed()
        self._clock = clock
        self._hearers: list[BlockHearer] = []
        self.rate = RateMeter()

    def tell(self, hearer: BlockHearer) -> None:
        """From now on ``hearer`` learns of every block."""
        self._hearers.append(hearer)

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        users = sum(raw[0] != DEPOSIT_TYPE for raw in block.transactions)
        self.rate.add(users, self._clock())
        self.metrics.on_block(len(block.transactions), block.header.gas_used)
        for hearer in self._hearers:
            hearer.on_block(block, confirmation)
        self.feed.on_block(block, confirmation)

    def on_rewind(self, number: BlockNumber) -> None:
        """Derived blocks above ``number`` are gone; the counters count work done, so they stay."""
        self.feed.on_rewind(number)
