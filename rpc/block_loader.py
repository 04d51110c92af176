"""Whole blocks for answers. Decoding one that is not held decoded takes 6 to 15 ms where it has several hundred
transactions: a thread of its own does that, one block after the other, so that neither the event loop nor the synced
writes wait for it. One thread for the process: decoding is the interpreter's work, and more of them would gain nothing.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from rollup.core.block import Block
from rollup.core.ids import BlockNumber, Hash
from rpc.ports import ChainReader

_decoder = ThreadPoolExecutor(1, thread_name_prefix="rpc-blocks")


async def load_block(chain: ChainReader, number: BlockNumber) -> Block | None:
    """At once where it is held decoded."""
    held = chain.held_block(number)
    return held if held is not None else await asyncio.get_running_loop().run_in_executor(_decoder, chain.block, number)


async def load_transaction(chain: ChainReader, transaction_hash: Hash) -> tuple[Block, int] | None:
    """The block of a transaction and its place there; None where no block has it, or has it no longer."""
    place = chain.find_transaction(transaction_hash)
    block = None if place is None else await load_block(chain, place[0])
    if place is None or block is None:
        return None
    index = place[1]
    is_there = index < len(block.receipts) and block.receipts[index].transaction_hash == transaction_hash
    return (block, index) if is_there else None
