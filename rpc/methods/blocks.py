"""Blocks, their counts and their receipts. An unknown block is ``null`` here, not an error."""

from functools import partial
from itertools import accumulate

from rollup.core.block import Block
from rpc.block_refs import find_block
from rpc.hexes import data, quantity
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_block, read_block_number, read_bool, read_hash, read_uint64
from rpc.shapes.block import block_json, uncle_json
from rpc.shapes.receipt import receipt_json
from rpc.shapes.transaction import mined_json
from rpc.turns import build_in_turns

TRANSACTIONS_PER_TURN = 50


def read_hash_ref(value: object) -> BlockRef:
    return BlockRef(hash=read_hash(value))


_HASH = Param(read_hash_ref)
_NUMBER = Param(read_block_number)
_INDEX = Param(read_uint64)


class BlockMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        full = Param(read_bool, default=False)
        return {
            "eth_getBlockByNumber": Method(self.block, (_NUMBER, full)),
            "eth_getBlockByHash": Method(self.block, (_HASH, full)),
            "eth_getBlockTransactionCountByNumber": Method(self.transaction_count, (_NUMBER,)),
            "eth_getBlockTransactionCountByHash": Method(self.transaction_count, (_HASH,)),
            "eth_getTransactionByBlockNumberAndIndex": Method(self.transaction, (_NUMBER, _INDEX)),
            "eth_getTransactionByBlockHashAndIndex": Method(self.transaction, (_HASH, _INDEX)),
            "eth_getUncleCountByBlockNumber": Method(self.uncle_count, (_NUMBER,)),
            "eth_getUncleCountByBlockHash": Method(self.uncle_count, (_HASH,)),
            "eth_getUncleByBlockNumberAndIndex": Method(self.uncle, (_NUMBER, _INDEX)),
            "eth_getUncleByBlockHashAndIndex": Method(self.uncle, (_HASH, _INDEX)),
            "eth_getBlockReceipts": Method(self.receipts, (Param(read_block),)),
        }

    async def block(self, ref: BlockRef, full: bool) -> object:
        """``full``: whole transactions instead of their hashes."""
        block = self._find(ref)
        if block is None:
            return None
        if not full:
            return block_json(block, [data(receipt.transaction_hash) for receipt in block.receipts])
        positions = range(len(block.transactions))
        return block_json(block, await build_in_turns(positions, partial(mined_json, block), TRANSACTIONS_PER_TURN))

    async def transaction_count(self, ref: BlockRef) -> str | None:
        block = self._find(ref)
        return None if block is None else quantity(len(block.transactions))

    async def transaction(self, ref: BlockRef, index: int) -> object:
        block = self._find(ref)
        return None if block is None or index >= len(block.transactions) else mined_json(block, index)

    async def uncle_count(self, ref: BlockRef) -> str | None:
        block = self._find(ref)
        return None if block is None else quantity(len(block.ommers))

    async def uncle(self, ref: BlockRef, index: int) -> object:
        """Only imported chains have any."""
        block = self._find(ref)
        return None if block is None or index >= len(block.ommers) else uncle_json(block.ommers[index])

    async def receipts(self, ref: BlockRef) -> object:
        block = self._find(ref)
        if block is None:
            return None
        logs_before = accumulate((len(receipt.logs) for receipt in block.receipts), initial=0)
        places = zip(range(len(block.receipts)), logs_before, strict=False)
        return await build_in_turns(places, lambda place: receipt_json(block, *place), TRANSACTIONS_PER_TURN)

    def _find(self, ref: BlockRef) -> Block | None:
        return find_block(self._ports, ref)
