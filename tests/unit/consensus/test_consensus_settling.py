"""Settling end to end over memory ledgers: sequencer and follower, with the real engine and store."""

from pathlib import Path

from settling_world import build_networks, open_node

from rollup.consensus.state import Role


async def test_batches_settle_on_all_ledgers(tmp_path: Path) -> None:
    networks = build_networks()
    async with open_node(tmp_path / "sequencer", networks, Role.SEQUENCER) as node:
        await node.driver.wait_caught_up()
        for _ in range(3):
            await node.seal_batch()
        await node.mine_until_final(3)
        await node.until(lambda node: node.driver.heads().attested == 6)
        heads = node.driver.heads()
        assert (heads.unsafe, heads.safe, heads.finalized, heads.received) == (6, 6, 6, 6)
        assert node.driver.alarms() == ()
        await node.until(lambda node: all(status.last_batch_final == 3 for status in node.driver.ledger_status()))
        for status in node.driver.ledger_status():
            assert (status.last_batch_seen, status.outbox_depth, status.reachable) == (3, 0, True)
            assert status.confirmations > 3
        sealed = (await node.executor.head()).header.hash
    async with open_node(tmp_path / "follower", networks, Role.FOLLOWER) as follower:
        await follower.until(lambda node: node.driver.heads().attested == 6)
        assert (await follower.executor.head()).header.hash == sealed
        assert follower.driver.heads().finalized == 6
        assert follower.store.blocks.head_number() == 6
