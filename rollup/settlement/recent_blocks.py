"""The top of a ledger's chain as it was read: enough hashes to measure any reorg. Pure."""

from collections import deque
from collections.abc import Iterator

from rollup.core.errors import LedgerReorged
from rollup.core.ledger import LedgerBlock


class RecentBlocks:
    """Blocks by ascending height. Linked by parent hashes where heights are consecutive; gaps only below finality."""

    def __init__(self) -> None:
        self._blocks: deque[LedgerBlock] = deque()

    @property
    def top(self) -> LedgerBlock | None:
        return self._blocks[-1] if self._blocks else None

    def append(self, block: LedgerBlock) -> None:
        """Raises LedgerReorged when the block does not continue the chain."""
        top = self.top
        if top is not None and block.height == top.height + 1 and block.parent_hash != top.hash:
            raise LedgerReorged(f"block {block.height} does not follow the block {top.height} that was read")
        self._blocks.append(block)

    def pop(self) -> LedgerBlock:
        return self._blocks.pop()

    def downwards(self) -> Iterator[LedgerBlock]:
        return reversed(tuple(self._blocks))

    def find(self, height: int) -> LedgerBlock | None:
        return next((block for block in self.downwards() if block.height == height), None)

    def cut_above(self, height: int) -> None:
        while self._blocks and self._blocks[-1].height > height:
            self._blocks.pop()

    def forget_below(self, height: int) -> None:
        """Always keeps the top."""
        while len(self._blocks) > 1 and self._blocks[0].height < height:
            self._blocks.popleft()
