"""A node that dies again and again at any point, on ledgers that reorganise: nothing is lost, nothing comes twice."""

import asyncio
import random
from pathlib import Path

import pytest
from settling_world import SettlingNode, build_networks, open_node

from ledgers.memory import MemoryNetwork
from rollup.consensus.state import Role
from rollup.core.ids import BatchNumber

LIVES = 6


async def live(node: SettlingNode, networks: tuple[MemoryNetwork, ...], chance: random.Random) -> None:
    """Do a few things that a life consists of, then fall over in the middle of whatever goes on."""
    await node.driver.wait_caught_up()
    for _ in range(chance.randrange(1, 6)):
        match chance.randrange(4):
            case 0 | 1:
                await node.seal_batch(block_count=chance.randrange(1, 3))
            case 2:
                for network in networks:
                    await network.mine(chance.randrange(0, 3))
            case 3:
                await chance.choice(networks).reorg(chance.randrange(1, 3), keep_transactions=chance.random() < 0.5)
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(chance.random() * 0.01)


@pytest.mark.parametrize("seed", range(6))
async def test_many_short_lives_settle_every_batch_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    networks = build_networks(finality_depth=4)
    for network in networks:
        await network.mine(4)
    for _ in range(LIVES):
        async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
            await live(node, networks, chance)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        last = await node.seal_batch()
        await node.mine_until_final(last.header.number)
        await node.until(lambda node: node.driver.heads().attested == last.header.last_block)
        assert node.driver.alarms() == ()
        for index, ledger in enumerate(node.ledgers):
            seen = await ledger.read_postings(0, networks[index].chain.head.height)
            assert [posting.batch_number for posting in seen] == list(range(1, last.header.number + 1))
            rows = node.store.outbox.rows(index)
            assert [row.tx_id for row in rows] == [posting.tx_id for posting in seen]
        head = (await node.executor.head()).header.hash
    async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
        await follower.until(lambda node: node.driver.heads().finalized == last.header.last_block)
        assert (await follower.executor.head()).header.hash == head
        assert follower.store.batches.batch(BatchNumber(1)) is not None


@pytest.mark.parametrize("seed", range(6))
async def test_a_follower_that_dies_in_between_comes_to_the_same_state(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    networks = build_networks(finality_depth=4)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        for _ in range(5):
            last = await node.seal_batch()
            for network in networks:
                await network.mine()
            async with open_node(tmp_path / "follower", networks, Role.FOLLOWER):
                await asyncio.sleep(chance.random() * 0.02)
            if chance.random() < 0.4:
                await networks[0].reorg(chance.randrange(1, 3), keep_transactions=True)
        await node.mine_until_final(last.header.number)
        head = (await node.executor.head()).header.hash
    async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
        await follower.until(lambda node: node.driver.heads().finalized == last.header.last_block)
        assert (await follower.executor.head()).header.hash == head
        assert follower.store.blocks.head_number() == last.header.last_block
        assert follower.driver.alarms() == ()
