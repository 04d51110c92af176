"""The blocks that were used last, decoded: heads are read far more often than they change."""

from collections import OrderedDict
from threading import Lock

from rollup.core.block import Block
from rollup.core.ids import BlockNumber


class RecentBlocks:
    """At most ``count_max`` blocks; the one not used for longest goes first. Thread-safe."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._blocks: OrderedDict[BlockNumber, Block] = OrderedDict()
        self._lock = Lock()
        self._rewinds = 0

    @property
    def rewinds(self) -> int:
        """How often blocks were dropped: whoever reads one from disk asks before and says so in ``keep``."""
        return self._rewinds

    def keep(self, block: Block, rewinds: int) -> None:
        """Does nothing when blocks were dropped since ``rewinds`` was asked: this may be one of them."""
        number = block.header.number
        with self._lock:
            if rewinds != self._rewinds:
                return
            self._blocks[number] = block
            self._blocks.move_to_end(number)
            if len(self._blocks) > self._count_max:
                self._blocks.popitem(last=False)

    def find(self, number: BlockNumber) -> Block | None:
        with self._lock:
            block = self._blocks.get(number)
            if block is not None:
                self._blocks.move_to_end(number)
            return block

    def drop_above(self, number: BlockNumber) -> None:
        with self._lock:
            self._rewinds += 1
            for held in [each for each in self._blocks if each > number]:
                del self._blocks[held]
