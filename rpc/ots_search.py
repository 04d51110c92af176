"""Transactions of an account, found by looking at blocks one after the other; states found by halving the chain."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from rollup.core.block import DEPOSIT_TYPE, Block
from rollup.core.execution import AccountState
from rollup.core.ids import EMPTY_CODE_HASH, Address, BlockNumber
from rollup.core.transaction import decode_transaction
from rpc.block_loader import load_block
from rpc.block_refs import head_number
from rpc.errors import LIMIT_EXCEEDED, InvalidArgument, RpcError
from rpc.hexes import data
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_block_number, read_quantity
from rpc.shapes.receipt import logs_before, receipt_json, recipient_of
from rpc.shapes.transaction import mined_json

BLOCKS_SEARCHED_MAX = 50_000
BLOCKS_PER_TURN = 16

Place = tuple[Block, int]


class AccountSearch:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    async def find(self, address: Address, numbers: Sequence[int], count: int) -> tuple[list[Place], bool]:
        """Transactions in the order of ``numbers``, whole blocks until there are ``count``; whether the search came to
        the end. Raises RpcError after BLOCKS_SEARCHED_MAX blocks."""
        found: list[Place] = []
        for looked_at, number in enumerate(numbers):
            if len(found) >= count:
                return found, False
            if looked_at >= BLOCKS_SEARCHED_MAX:
                raise RpcError(LIMIT_EXCEEDED, f"{BLOCKS_SEARCHED_MAX} blocks searched, block {number} is next")
            if looked_at % BLOCKS_PER_TURN == 0:
                await asyncio.sleep(0)
            block = await load_block(self._ports.chain, BlockNumber(number))
            if block is not None:
                places = [(block, index) for index in range(len(block.transactions)) if _touches(block, index, address)]
                found += places if numbers[0] < numbers[-1] else reversed(places)
        return found, True

    async def first_block(self, address: Address, test: Callable[[AccountState], bool]) -> Block | None:
        """The block after which ``test`` holds of the account, once and for ever after; None for the genesis and where
        it does not hold."""

        async def holds(number: BlockNumber) -> bool:
            return test((await self._ports.state.read_accounts((address,), number))[0])

        return await self._halve(holds)

    async def first_block_with_code(self, address: Address) -> Block | None:
        return await self.first_block(address, lambda account: account.code_hash != EMPTY_CODE_HASH)

    async def _halve(self, holds: Callable[[BlockNumber], Awaitable[bool]]) -> Block | None:
        low, high = 0, head_number(self._ports)
        if await holds(BlockNumber(0)) or not await holds(high):
            return None
        while high - low > 1:
            middle = BlockNumber((low + high) // 2)
            low, high = (low, middle) if await holds(middle) else (middle, high)
        return await load_block(self._ports.chain, high)

    async def hash_at_nonce(self, address: Address, nonce: int, block: Block) -> str | None:
        """Deposits move a nonce without carrying it."""
        for index, sender in enumerate(block.senders):
            raw = block.transactions[index]
            if sender == address and raw[0] != DEPOSIT_TYPE and decode_transaction(raw).nonce == nonce:
                return data(block.receipts[index].transaction_hash)
        return None


def _touches(block: Block, index: int, address: Address) -> bool:
    """Sender, recipient, new contract, or named by a log (as its address, or in a topic)."""
    receipt = block.receipts[index]
    if address in (block.senders[index], receipt.contract_address, recipient_of(block.transactions[index])):
        return True
    topic = address.rjust(32, b"\x00")
    return any(log.address == address or topic in log.topics for log in receipt.logs)


def transactions_json(places: Sequence[Place]) -> dict[str, Any]:
    return {
        "txs": [mined_json(*place) for place in places],
        "receipts": [
            {**receipt_json(block, index, logs_before(block, index)), "timestamp": block.header.timestamp}
            for block, index in places
        ],
    }


def read_number(value: object) -> int:
    """A JSON number, or a quantity in hex."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise InvalidArgument("a number below zero")
        return value
    return read_quantity(value)


def read_number_ref(value: object) -> BlockRef:
    """As read_block_number, and JSON numbers."""
    return BlockRef(number=read_number(value)) if isinstance(value, int) else read_block_number(value)
