"""What the protocol must survive, on whole settling nodes over memory ledgers (protocol section 10)."""

import shutil
from pathlib import Path

import pytest
from settling_world import POSTING_KEY, SEQUENCER_KEY, SettlingNode, build_batch, build_networks, open_node

from ledgers.memory import MemoryNetwork
from rollup.consensus.state import Role
from rollup.core.batch import encode_posting, sign_batch
from rollup.core.errors import AnchorReorgedPastFinality, ForeignBatch
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import Hash


async def settle(node: SettlingNode, count: int) -> None:
    """Seal ``count`` batches and see them final everywhere."""
    await node.driver.wait_caught_up()
    batches = [await node.seal_batch() for _ in range(count)]
    await node.mine_until_final(batches[-1].header.number)


async def follow(directory: Path, networks: tuple[MemoryNetwork, ...], block: int) -> Hash:
    """Hash of a block as a follower derives it."""
    async with open_node(directory, networks, Role.FOLLOWER) as follower:
        await follower.until(lambda node: node.driver.heads().safe >= block)
        found = follower.store.blocks.block(block)
        assert found is not None
        return found.header.hash


async def test_a_follower_restarts_without_executing_again(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await settle(node, 3)
    head = await follow(tmp_path / "follower", networks, 6)
    async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as again:
        assert again.driver.heads().unsafe in (0, 6)
        await again.until(lambda node: node.driver.heads().attested == 6)
        assert again.executor.executed == 0
    shutil.rmtree(tmp_path / "follower")
    assert await follow(tmp_path / "follower", networks, 6) == head


async def test_a_sequencer_restarts_and_goes_on(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await settle(node, 1)
        await node.seal_batch()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as again:
        await settle(again, 1)
        await again.until(lambda node: node.driver.heads().finalized == 6)
        assert again.driver.alarms() == ()
    assert len(await postings_on(networks[0], tmp_path)) == 3


async def postings_on(network: MemoryNetwork, directory: Path) -> list[int]:
    """Batch numbers that a ledger carries, in order."""
    async with open_node(directory / "reader", build_networks(), Role.FOLLOWER) as reader:
        ledger = reader.ledgers[0]
        ledger.serve_network(network)
        return [seen.batch_number for seen in await ledger.read_postings(0, network.chain.head.height)]


async def test_a_sequencer_that_lost_its_data_derives_before_it_seals(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await settle(node, 3)
        head = (await node.executor.head()).header.hash
    shutil.rmtree(tmp_path / "sequencer")
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as again:
        await again.driver.wait_caught_up()
        assert (await again.executor.head()).header.hash == head
        await again.until_rows("final", 3)  # the outbox is rebuilt from what the ledgers show
        batch = await again.seal_batch()
        assert batch.header.number == 4
        await again.mine_until_final(4)
        assert again.driver.alarms() == ()
    assert await follow(tmp_path / "follower", networks, 8)


@pytest.mark.parametrize("keep_transactions", [True, False])
async def test_a_reorg_before_finality_posts_the_identical_bytes_again(
    tmp_path: Path, *, keep_transactions: bool
) -> None:
    networks = build_networks(finality_depth=10)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        for network in networks:
            await network.mine(3)
        await node.seal_batch()
        await node.until_pooled()
        for network in networks:
            await network.mine()
        await node.until(lambda node: node.driver.heads().safe == 2)
        await node.until_rows("included", 1)
        sent = [node.store.outbox.get(index, 1) for index in range(3)]
        for network in networks:
            await network.reorg(2, keep_transactions=keep_transactions)
        await node.until(lambda node: node.driver.heads().safe == 0)
        assert node.driver.heads().unsafe == 2
        await node.mine_until_final(1)
        for index, before in enumerate(sent):
            after = node.store.outbox.get(index, 1)
            assert before is not None
            assert after is not None
            assert (after.tx_id, after.raw) == (before.tx_id, before.raw)
        await node.until(lambda node: node.driver.heads().finalized == 2)


async def test_a_follower_rewinds_what_the_anchor_took_back(tmp_path: Path) -> None:
    networks = build_networks(finality_depth=10)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        await networks[0].mine(3)
        await node.seal_batch()
        await node.until_pooled((0,))
        await networks[0].mine()
        await node.until(lambda node: node.driver.heads().safe == 2)
    async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
        await follower.until(lambda node: node.driver.heads().safe == 2)
        await networks[0].reorg(2, keep_transactions=False)
        await networks[0].mine()
        await follower.until(lambda node: node.driver.heads().unsafe == 0)
        assert (await follower.executor.head()).header.number == 0
        assert follower.heard.rewinds == [0]
        assert follower.store.batches.last_batch() is None


async def test_a_reorg_past_finality_stops_the_node_for_good(tmp_path: Path) -> None:
    networks = build_networks(finality_depth=2)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await settle(node, 1)
    with pytest.RaisesGroup(AnchorReorgedPastFinality):
        async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
            await follower.until(lambda node: node.driver.heads().finalized == 2)
            await networks[0].reorg(6, keep_transactions=False)
            await follower.until(lambda node: node.driver.heads().unsafe > 2)
    with pytest.RaisesGroup(AnchorReorgedPastFinality):
        async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as again:
            assert [alarm.code for alarm in again.driver.alarms()] == ["anchor_reorged_past_finality"]
            await again.until(lambda node: node.driver.heads().unsafe > 2)


async def test_a_mirror_that_is_away_at_start_and_comes_back(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        node.ledgers[2].go_offline()
        await node.until(lambda node: any(alarm.code == "ledger_lost" for alarm in node.driver.alarms()))
        await node.driver.wait_caught_up()
        await node.seal_batch()
        await node.until_pooled((0, 1))
        await networks[0].mine(5)
        await node.until(lambda node: node.driver.heads().finalized == 2)
        assert [status.reachable for status in node.driver.ledger_status()] == [True, True, False]
        node.ledgers[2].go_online()
        await node.mine_until_final(1)
        await node.until(lambda node: node.driver.alarms() == ())


async def test_garbage_on_the_anchor_changes_nothing(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        batch = await node.seal_batch()
        forged = sign_batch(batch.header, batch.body, b"\x99" * 32)
        for payload in (
            b"",
            b"\xff" * 100,
            encode_posting(batch, with_body=False),
            encode_posting(forged, with_body=True),
        ):
            networks[0].put_raw(payload)
        await node.mine_until_final(1)
        assert (await follow(tmp_path / "follower", networks, 2)) == (await node.executor.head()).header.hash


async def test_an_undecodable_batch_is_void_for_every_node(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        void = build_batch(node.store, [await node.seal_block()], body=b"no body")
    networks[0].put_raw(encode_posting(void, with_body=True))
    await networks[0].mine(4)
    for _ in range(2):  # the second time from disk
        async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
            await follower.until(lambda node: node.driver.state.chain[-1].number == 1)
            await follower.until(lambda node: node.driver.state.chain[-1].block_after == 0)
            assert (await follower.executor.head()).header.number == 0
            assert [alarm.code for alarm in follower.driver.alarms()] == ["batch_void"]


async def test_a_foreign_batch_stops_the_sequencer_and_leaves_proof(tmp_path: Path) -> None:
    networks = build_networks()
    with pytest.RaisesGroup(ForeignBatch):
        async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
            await node.driver.wait_caught_up()
            block = await node.seal_block()
            ours = build_batch(node.store, [block])
            other = sign_batch(ours.header, ours.body, SEQUENCER_KEY)
            changed = build_batch(node.store, [block], body=b"another")
            assert other.hash == ours.hash != changed.hash
            node.store.batches.put_batch(ours)
            node.driver.on_batch(ours)
            networks[0].put_raw(encode_posting(changed, with_body=True))
            await networks[0].mine()
            await node.until(lambda node: node.driver.heads().safe > 1)
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as again:
        assert again.driver.is_frozen()
        (proof,) = again.store.equivocations.all()
        assert {keccak(proof.first_header), keccak(proof.second_header)} == {ours.hash, changed.hash}


async def test_a_dropped_posting_is_sent_again(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        await node.seal_batch()
        await node.until_pooled()
        for network in networks:
            for tx_id in list(network.chain.pool):
                network.drop(tx_id)
        await node.until_pooled()
        await node.mine_until_final(1)


async def test_an_underpriced_posting_is_replaced_at_its_nonce(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        await node.seal_batch()
        await node.until_pooled()
        first = node.store.outbox.get(2, 1)
        networks[2].set_fee_floor(50)
        networks[2].drop(first.tx_id)
        await node.mine_until_final(1)
        last = node.store.outbox.get(2, 1)
        assert (last.nonce, last.bumps, last.earlier_tx_ids) == (first.nonce, 1, (first.tx_id,))


async def test_a_poster_without_funds_says_so_and_goes_on_when_paid(tmp_path: Path) -> None:
    networks = build_networks()
    account = address_of(POSTING_KEY)
    networks[2].chain.balances[account] = 0
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        await node.seal_batch()
        await node.until_true(lambda: [alarm.code for alarm in node.driver.alarms()] == ["posting_funds_low"])
        assert "needs" in node.store.outbox.get(2, 1).last_error
        await networks[2].fund(account, 10**9)
        await node.mine_until_final(1)
        assert node.driver.alarms() == ()


async def test_two_posters_with_one_key_lose_no_batch(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        batch = build_batch(node.store, [await node.seal_block()])
        for ledger in node.ledgers:
            intruder = await ledger.prepare_posting(batch, 0, None)
            await ledger.broadcast(intruder)
        node.store.batches.put_batch(batch)
        node.driver.on_batch(batch)
        await node.mine_until_final(1)
    assert len(await postings_on(networks[0], tmp_path)) == 1
