"""A chain made of given blocks, for tests of what is computed over several of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from listening import NoState, make_header

from rollup.core.block import Block, BlockHeader, Receipt
from rollup.core.genesis import ChainRule
from rollup.core.ids import ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter
from rpc.dispatch import Dispatcher
from rpc.log_search import LogSearch
from rpc.methods.table import TableParts, build_table
from rpc.metrics import Metrics
from rpc.ports import NodePorts
from rpc.settings import RpcSettings

CHAIN_ID = 900_902
RULE = ChainRule(CHAIN_ID)


def make_paying_block(number: int, base_fee: int, *paid: tuple[int, int], kind: int = 2) -> Block:
    """A block of transactions that paid (tip, gas used)."""
    gas_used = sum(gas for _, gas in paid)
    header = replace(make_header(number), base_fee=base_fee, gas_used=gas_used, gas_limit=RULE.gas_limit)
    receipts = tuple(Receipt(ZERO_HASH, kind, 1, gas, gas, base_fee + tip, None, (), bytes(256)) for tip, gas in paid)
    return Block(header, (b"\2",) * len(paid), (Address(ZERO_ADDRESS),) * len(paid), receipts)


@dataclass(frozen=True)
class MadeChain:
    """Fits ChainReader."""

    blocks: Sequence[Block]

    def head_number(self) -> BlockNumber | None:
        return BlockNumber(len(self.blocks) - 1) if self.blocks else None

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
        return None

    def find_logs(self, log_filter: LogFilter, count_max: int) -> tuple[FoundLog, ...]:
        return ()


def make_dispatcher(ports: NodePorts) -> Dispatcher:
    """All methods over ``ports``, without HTTP."""
    parts = TableParts(ports, RpcSettings(), LogSearch(ports.chain, searches_max=4))
    return Dispatcher(build_table(parts), RpcSettings(), Metrics())


def make_chain_ports(*blocks: Block, **more: object) -> NodePorts:
    return NodePorts(RULE, NoState(), MadeChain(blocks), **more)
