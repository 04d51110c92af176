"""Blocks, their counts and their receipts. An unknown block is ``null`` here, not an error."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import accumulate

import orjson

from rollup.core.block import Block
from rpc.answer_cache import AnswerCache, AnswerKind
from rpc.block_refs import find_block, find_number
from rpc.hexes import data, quantity
from rpc.json_codec import Encoded, encode_json
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_block, read_block_number, read_bool, read_hash, read_uint64
from rpc.shapes.block import block_json, uncle_json
from rpc.shapes.receipt import receipt_json
from rpc.shapes.transaction import mined_json
from rpc.turns import encode_in_turns

TRANSACTIONS_PER_TURN = 50


def read_hash_ref(value: object) -> BlockRef:
    return BlockRef(hash=read_hash(value))


_HASH = Param(read_hash_ref)
_NUMBER = Param(read_block_number)
_INDEX = Param(read_uint64)


class BlockMethods:
    def __init__(self, ports: NodePorts, cache_bytes_max: int) -> None:
        self._ports = ports
        self._cache = AnswerCache(cache_bytes_max)

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
        if full:
            return await self._remember("block", ref, _encode_block)
        block = await self._find(ref)
        if block is None:
            return None
        return block_json(block, [data(receipt.transaction_hash) for receipt in block.receipts])

    async def transaction_count(self, ref: BlockRef) -> str | None:
        block = await self._find(ref)
        return None if block is None else quantity(len(block.transactions))

    async def transaction(self, ref: BlockRef, index: int) -> object:
        block = await self._find(ref)
        return None if block is None or index >= len(block.transactions) else mined_json(block, index)

    async def uncle_count(self, ref: BlockRef) -> str | None:
        block = await self._find(ref)
        return None if block is None else quantity(len(block.ommers))

    async def uncle(self, ref: BlockRef, index: int) -> object:
        """Only imported chains have any."""
        block = await self._find(ref)
        return None if block is None or index >= len(block.ommers) else uncle_json(block.ommers[index])

    async def receipts(self, ref: BlockRef) -> object:
        return await self._remember("receipts", ref, _encode_receipts)

    async def _remember(
        self, kind: AnswerKind, ref: BlockRef, encode: Callable[[Block], Awaitable[Encoded]]
    ) -> Encoded | None:
        """The block's answer of this kind, from the cache where it is there; None for unknown blocks."""
        number = find_number(self._ports, ref)
        header = None if number is None else self._ports.chain.header(number)
        if header is None or number is None:
            return None
        known = self._cache.find(kind, header.hash)
        block = None if known is not None else await self._find(ref)
        return known if block is None else await self._cache.build(kind, block, encode)

    async def _find(self, ref: BlockRef) -> Block | None:
        return await find_block(self._ports, ref)


async def _encode_block(block: Block) -> Encoded:
    positions = range(len(block.transactions))
    transactions = await encode_in_turns(positions, partial(mined_json, block), TRANSACTIONS_PER_TURN)
    return Encoded((encode_json(block_json(block, orjson.Fragment(encode_json(transactions)))),))


async def _encode_receipts(block: Block) -> Encoded:
    logs_before = accumulate((len(receipt.logs) for receipt in block.receipts), initial=0)
    places = zip(range(len(block.receipts)), logs_before, strict=False)
    return await encode_in_turns(places, lambda place: receipt_json(block, *place), TRANSACTIONS_PER_TURN)
