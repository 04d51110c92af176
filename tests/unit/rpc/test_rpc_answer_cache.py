"""Answers about sealed blocks are built once, bounded in bytes, and never those of another block."""

import asyncio
from typing import Any

import pytest
from growing_chain import GrowingChain
from listening import listening, make_ports
from sockets import connected, make_block

from rollup.core.block import Block
from rpc.answer_cache import AnswerCache
from rpc.json_codec import Encoded


class Builder:
    """Counts what it builds."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.built: list[int] = []

    async def __call__(self, block: Block) -> Encoded:
        await asyncio.sleep(0)
        self.built.append(block.header.number)
        return Encoded((bytes(self.size),))


async def ask(cache: AnswerCache, block: Block, builder: Builder) -> Encoded:
    return cache.find("block", block.header.hash) or await cache.build("block", block, builder)


async def test_many_askers_build_once() -> None:
    cache, builder = AnswerCache(1000), Builder(10)
    answers = await asyncio.gather(*(ask(cache, make_block(1), builder) for _ in range(20)))
    assert len({id(answer) for answer in answers}) == 1
    assert builder.built == [1]
    assert cache.find("receipts", make_block(1).header.hash) is None


async def test_the_cache_stays_within_its_bytes() -> None:
    cache, builder = AnswerCache(1000), Builder(200)
    for number in (1, 2, 3, 4, 5, 1, 6):
        await ask(cache, make_block(number), builder)
    assert cache.bytes_held == 1000
    assert cache.find("block", make_block(1).header.hash) is not None
    assert cache.find("block", make_block(2).header.hash) is None
    builder.size = 251
    await ask(cache, make_block(7), builder)
    assert cache.bytes_held == 1000
    assert cache.find("block", make_block(7).header.hash) is None


@pytest.mark.parametrize("method", ["eth_getBlockByNumber", "eth_getBlockReceipts"])
async def test_a_fork_changes_the_answer(method: str) -> None:
    chain = GrowingChain()
    params: list[Any] = ["0x1", True] if method == "eth_getBlockByNumber" else ["0x1"]
    async with listening(ports=make_ports(chain=chain)) as server, connected(server) as client:
        assert await client.call(method, *params) is None
        chain.add(make_block(1))
        first = await client.call(method, *params)
        assert await client.call(method, *params) == first
        chain.rewind(0)
        assert await client.call(method, *params) is None
