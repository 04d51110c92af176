"""A chain that grows and rewinds under the server's eyes, and tells its feed."""

from dataclasses import dataclass, field

from listening import make_header

from rollup.core.block import Block, BlockHeader
from rollup.core.errors import TooManyLogs
from rollup.core.ids import BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter, is_match
from rpc.feed import ChainFeed
from rpc.news import find_block_logs


@dataclass(eq=False)
class GrowingChain:
    """Fits ChainReader."""

    feed: ChainFeed = field(default_factory=ChainFeed)
    blocks: list[Block] = field(default_factory=lambda: [Block(make_header(0), (), (), ())])

    def add(self, block: Block) -> Block:
        self.blocks.append(block)
        self.feed.on_block(block, None)
        return block

    def rewind(self, number: int) -> None:
        del self.blocks[number + 1 :]
        self.feed.on_rewind(BlockNumber(number))

    def head_number(self) -> BlockNumber:
        return BlockNumber(len(self.blocks) - 1)

    def block(self, number: BlockNumber) -> Block | None:
        return self.blocks[number] if number < len(self.blocks) else None

    def held_block(self, number: BlockNumber) -> Block | None:
        return self.block(number)

    def header(self, number: BlockNumber) -> BlockHeader | None:
        block = self.block(number)
        return None if block is None else block.header

    def number_of(self, block_hash: Hash) -> BlockNumber | None:
        return next((block.header.number for block in self.blocks if block.header.hash == block_hash), None)

    def find_transaction(self, transaction_hash: Hash) -> tuple[BlockNumber, int] | None:
        for block in self.blocks:
            for index, receipt in enumerate(block.receipts):
                if receipt.transaction_hash == transaction_hash:
                    return block.header.number, index
        return None

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        found = [
            each
            for block in self.blocks[log_filter.first : log_filter.last + 1]
            for each in find_block_logs(block)
            if is_match(log_filter, each.log)
        ]
        if len(found) > count_max:
            raise TooManyLogs(f"more than {count_max} logs in blocks {log_filter.first} to {log_filter.last}")
        return tuple(found)
