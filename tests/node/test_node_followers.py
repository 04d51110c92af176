"""Whole nodes that derive: from an anchor full of rubbish, after losing their data, beside another sequencer."""

import asyncio
import shutil
from pathlib import Path

import pytest
from batch_forgery import body_with, forge_batch, hostile_payloads
from ledger_world import (
    ANCHOR,
    EVERYWHERE,
    SEQUENCER_KEY,
    LedgerWorld,
    NodePlan,
    WholeNode,
    build_world,
    run_until_fatal,
    run_whole_node,
    sign_transfer,
)

from rollup.core.batch import Batch, encode_posting
from rollup.core.errors import ForeignBatch
from rollup.core.hashes import keccak
from rollup.core.ids import Hash

FOLLOWER = NodePlan(key=None)
THIEF_KEY = bytes(keccak(b"thief"))


async def follow(world: LedgerWorld, data: Path, block: int) -> list[Hash]:
    """Hashes of all blocks that a follower has derived when its finalized head is there."""
    async with run_whole_node(world, data, FOLLOWER) as node:
        await node.until(lambda: node.inner.driver.heads().finalized >= block)
        assert node.inner.sequencer is None
        return node.hashes()


async def test_a_follower_derives_the_same_blocks_also_after_losing_its_data(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path / "sequencer") as node:
        for _ in range(3):
            last = await node.seal_final_batch()
        hashes = node.hashes()
    assert await follow(world, tmp_path / "follower", last.header.last_block) == hashes
    shutil.rmtree(tmp_path / "follower")
    assert await follow(world, tmp_path / "follower", last.header.last_block) == hashes


async def test_a_follower_derives_many_batches_from_ledgers_that_stand_still(tmp_path: Path) -> None:
    """Batches that name the same ledger blocks do not wait for a new one each."""
    world = build_world()
    async with run_whole_node(world, tmp_path / "sequencer") as node:
        await node.seal_final_batch()
        for _ in range(4):
            last = await node.seal_batch()
        await node.settle(5)
        hashes = node.hashes()
    assert await follow(world, tmp_path / "follower", last.header.last_block) == hashes


async def test_a_follower_goes_with_the_sequencer_through_a_reorg(tmp_path: Path) -> None:
    world = build_world()
    async with (
        run_whole_node(world, tmp_path / "sequencer") as node,
        run_whole_node(world, tmp_path / "follower", FOLLOWER) as follower,
    ):
        await node.seal_final_batch()
        last = await node.seal_batch()
        at_last = lambda: follower.inner.driver.heads().safe == last.header.last_block  # noqa: E731
        await node.include(2)
        await node.until(at_last)
        depth = world.networks[ANCHOR].chain.head.height - (node.row(ANCHOR, 2).height or 0) + 1
        await world.networks[ANCHOR].reorg(depth, keep_transactions=False)
        await node.until(lambda: not at_last())
        await node.settle(2)
        await node.until(at_last)
        assert follower.hashes() == node.hashes()
        assert not follower.alarms()


async def test_rubbish_on_the_anchor_changes_nothing_on_any_node(tmp_path: Path) -> None:
    world = build_world()
    anchor = world.networks[ANCHOR]
    async with (
        run_whole_node(world, tmp_path / "sequencer") as node,
        run_whole_node(world, tmp_path / "follower", FOLLOWER) as follower,
    ):
        last = await node.seal_final_batch()
        for payload in hostile_payloads(last, THIEF_KEY, SEQUENCER_KEY, body_with(last)):
            anchor.put_raw(payload)
        for each in (node, follower):
            await each.until_heads(last.header.last_block)
        heads, hashes = node.inner.driver.heads(), node.hashes()
        await world.mine(2, indexes=(ANCHOR,))
        height = anchor.chain.head.height
        for each in (node, follower):
            await each.until(lambda each=each: each.inner.driver.ledger_status()[ANCHOR].height >= height)
            assert each.hashes() == hashes
        assert node.inner.driver.heads() == heads
        following = await node.seal_final_batch()
        assert following.header.number == last.header.number + 1
        await follower.until(lambda: follower.inner.driver.heads().finalized == following.header.last_block)
        assert follower.hashes() == node.hashes()
        hashes = node.hashes()
    assert await follow(world, tmp_path / "late", following.header.last_block) == hashes


async def test_a_sequencer_that_lost_its_data_derives_first_and_signs_no_number_again(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path / "first") as node:
        for _ in range(2):
            await node.seal_final_batch()
        hashes = node.hashes()
    async with run_whole_node(world, tmp_path / "second") as node:
        batch = await node.seal_final_batch()
        assert batch.header.number == 3
        assert node.hashes()[: len(hashes)] == hashes
        numbers = [number for number, _ in await world.carried(ANCHOR)]
        assert numbers == [1, 2, 3]
        await world.check_posted_once()
        assert not node.alarms()


async def test_a_second_sequencer_beside_a_running_one_stops(tmp_path: Path) -> None:
    """Two nodes that sign with one key: the one whose batch the anchor did not take stops, before it signs more."""
    world = build_world()
    async with run_whole_node(world, tmp_path / "first") as node:
        await node.seal_final_batch()

        async def stay_behind(second: WholeNode) -> None:
            await second.inner.driver.wait_caught_up()
            await node.seal_final_batch()

        fatal = await run_until_fatal(world, tmp_path / "second", stay_behind)
        assert isinstance(fatal, ForeignBatch)
        assert (await node.seal_final_batch()).header.number == 3


VOID_BODIES = {
    "bytes that are no body": lambda last: b"no body at all",
    "a transaction that nobody can pay": lambda last: body_with(last, sign_transfer(THIEF_KEY, 0)),
}


@pytest.mark.parametrize("kind", VOID_BODIES)
async def test_a_void_batch_of_the_real_key_is_void_everywhere_and_the_next_one_goes_on(
    tmp_path: Path, kind: str
) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path / "sequencer") as node:
        last = await node.seal_final_batch()
        hashes = node.hashes()
    void: Batch = forge_batch(last, VOID_BODIES[kind](last), SEQUENCER_KEY)
    world.networks[ANCHOR].put_raw(encode_posting(void, with_body=True))
    await world.mine()
    async with run_whole_node(world, tmp_path / "follower", FOLLOWER) as follower:
        await follower.until(lambda: "batch_void" in follower.alarms(), mining=EVERYWHERE)
        assert follower.hashes() == hashes
        async with run_whole_node(world, tmp_path / "sequencer") as node:
            await node.send()
            await node.settle(3)
            following = node.last_batch()
            assert "batch_void" in node.alarms()
            assert (following.header.number, following.header.parent_hash) == (3, void.hash)
            await follower.until(lambda: follower.inner.driver.heads().finalized == following.header.last_block)
            assert follower.hashes() == node.hashes()
            assert follower.hashes()[: len(hashes)] == hashes


async def test_a_follower_that_computes_another_root_says_so_and_goes_on(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path / "sequencer") as node:
        last = await node.seal_final_batch()
        hashes = node.hashes()
    wrong = forge_batch(last, body_with(last), SEQUENCER_KEY)  # its header has the root and block hash of no block
    world.networks[ANCHOR].put_raw(encode_posting(wrong, with_body=True))
    async with run_whole_node(world, tmp_path / "follower", FOLLOWER) as follower:
        await follower.until(lambda: "state_root_mismatch" in follower.alarms(), mining=EVERYWHERE)
        assert follower.hashes()[:-1] == hashes


async def test_nodes_start_and_stop_at_once(tmp_path: Path) -> None:
    world = build_world()
    for _ in range(2):
        async with run_whole_node(world, tmp_path) as node:
            await asyncio.sleep(0)
            assert node.hashes()
