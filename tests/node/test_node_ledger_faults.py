"""Whole nodes whose ledgers are down, reorganise or refuse postings: nothing is lost, nothing is posted twice."""

from pathlib import Path

import pytest
from ledger_world import (
    ANCHOR,
    EVERYWHERE,
    FINALITY_DEPTH,
    MIRROR,
    POINTERS,
    POSTING_KEY,
    NodePlan,
    WholeNode,
    build_world,
    run_until_fatal,
    run_whole_node,
)

from rollup.core.errors import AnchorReorgedPastFinality, SettlementBacklog, StartingUp
from rollup.core.hashes import address_of
from rollup.settlement.settings import PostSettings


@pytest.mark.parametrize("down", [ANCHOR, MIRROR, POINTERS])
async def test_a_ledger_that_is_down_at_the_start_is_caught_up_later(tmp_path: Path, down: int) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path, NodePlan(offline=(down,))) as node:
        await node.until(lambda: "ledger_lost" in node.alarms())
        if down == ANCHOR:
            assert node.inner.sequencer is not None
            with pytest.raises(StartingUp):
                await node.inner.sequencer.submit(b"")
        else:
            batch = await node.seal_batch()
            others = [index for index in EVERYWHERE if index != down]
            await node.settle(batch.header.number, mining=others)
            assert node.row(down, 1).state == "none"  # what a ledger lacks is known once it was read
        node.ledgers[down].go_online()
        batch = await node.seal_final_batch()
        await node.until(lambda: not node.alarms())
        await node.until_heads(batch.header.last_block)
        await world.check_posted_once()


@pytest.mark.parametrize("down", [ANCHOR, MIRROR, POINTERS])
async def test_a_ledger_that_is_down_for_a_while_is_caught_up_later(tmp_path: Path, down: int) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path) as node:
        first = await node.seal_final_batch()
        node.ledgers[down].go_offline()
        await node.until(lambda: "ledger_lost" in node.alarms(), mining=EVERYWHERE)
        second = await node.seal_batch()
        await node.settle(2, mining=[index for index in EVERYWHERE if index != down])
        assert node.row(down, 2).state not in ("sent", "included", "final")
        safe = (first if down == ANCHOR else second).header.last_block
        await node.until(lambda: node.inner.driver.heads().safe == safe)
        assert node.inner.driver.heads().unsafe == second.header.last_block
        hashes = node.hashes()
        node.ledgers[down].go_online()
        await node.settle(2)
        await node.until(lambda: not node.alarms())
        await node.until_heads(second.header.last_block)
        assert node.hashes() == hashes
        await world.check_posted_once()


async def test_an_anchor_that_stays_down_stops_the_intake_at_the_backlog(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path, NodePlan(fields={"outbox_batches_max": 2})) as node:
        await node.seal_final_batch()
        node.ledgers[ANCHOR].go_offline()
        for _ in range(2):
            await node.seal_batch()
        await node.until(node.inner.driver.is_full)
        with pytest.raises(SettlementBacklog):
            await node.send()
        world.nonce -= 1
        node.ledgers[ANCHOR].go_online()
        await node.settle(3)
        assert (await node.seal_final_batch()).header.number == 4


@pytest.mark.parametrize("forked", [ANCHOR, MIRROR, POINTERS])
async def test_what_a_reorg_drops_is_posted_again_as_it_was(tmp_path: Path, forked: int) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path) as node:
        first = await node.seal_final_batch()
        second = await node.seal_batch()
        await node.include(2)
        await node.until(lambda: node.inner.driver.heads().safe == second.header.last_block)
        hashes, tx_id, raw = node.hashes(), node.row(forked, 2).tx_id, node.row(forked, 2).raw
        depth = world.networks[forked].chain.head.height - (node.row(forked, 2).height or 0) + 1
        assert depth <= FINALITY_DEPTH
        await world.networks[forked].reorg(depth, keep_transactions=False)
        if forked == ANCHOR:
            await node.until(lambda: node.inner.driver.heads().safe == first.header.last_block)
        await node.until(lambda: tx_id in world.networks[forked].chain.pool)
        assert node.row(forked, 2).raw == raw
        await node.settle(2)
        await node.until_heads(second.header.last_block)
        assert node.row(forked, 2).tx_id == tx_id
        assert node.hashes() == hashes
        assert not node.alarms()
        await world.check_posted_once()


async def test_an_anchor_that_takes_back_what_was_final_stops_the_node_again_and_again(tmp_path: Path) -> None:
    world = build_world()

    async def break_finality(node: WholeNode) -> None:
        await node.seal_final_batch()
        await world.networks[ANCHOR].reorg(world.networks[ANCHOR].chain.head.height, keep_transactions=True)

    async def look_at_alarms(node: WholeNode) -> None:
        assert "anchor_reorged_past_finality" in node.alarms()

    for deed in (break_finality, look_at_alarms):
        fatal = await run_until_fatal(world, tmp_path, deed)
        assert isinstance(fatal, AnchorReorgedPastFinality)
        assert fatal.exit_code == 70


@pytest.mark.parametrize("index", [ANCHOR, POINTERS])
async def test_a_posting_that_the_pool_forgot_is_sent_again_as_it_was(tmp_path: Path, index: int) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path) as node:
        await node.seal_batch()
        network = world.networks[index]
        await node.until(lambda: bool(network.chain.pool))
        sent = node.row(index, 1)
        assert sent.tx_id is not None
        assert network.drop(sent.tx_id)
        await node.until(lambda: sent.tx_id in network.chain.pool)
        await node.settle(1)
        assert node.row(index, 1).tx_id == sent.tx_id
        await world.check_posted_once()


@pytest.mark.parametrize("index", [ANCHOR, POINTERS])
async def test_an_underpriced_posting_is_replaced_at_a_higher_fee(tmp_path: Path, index: int) -> None:
    world = build_world()
    post = PostSettings(poll_interval_s=0.01, backoff_max_s=0.05, bump_after_s=0.05)
    async with run_whole_node(world, tmp_path, NodePlan(post=post)) as node:
        await node.seal_batch()
        network = world.networks[index]
        await node.until(lambda: node.row(index, 1).state == "sent")
        network.set_fee_floor(7)
        await node.settle(1)
        assert node.row(index, 1).bumps > 0
        assert node.row(index, 1).fee_wei_per_unit >= 7
        await world.check_posted_once()


@pytest.mark.parametrize("index", [ANCHOR, POINTERS])
async def test_a_poster_without_funds_waits_for_them(tmp_path: Path, index: int) -> None:
    world = build_world(funded=[other for other in EVERYWHERE if other != index])
    async with run_whole_node(world, tmp_path) as node:
        await node.seal_batch()
        await node.until(lambda: "posting_funds_low" in node.alarms())
        await node.settle(1, mining=[other for other in EVERYWHERE if other != index])
        assert node.row(index, 1).state == "queued"
        await world.networks[index].fund(address_of(POSTING_KEY), 10**9)
        await node.settle(1)
        await node.until(lambda: not node.alarms())
        await world.check_posted_once()
