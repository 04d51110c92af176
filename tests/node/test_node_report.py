"""What a node says of itself to people and to machines: the JSON report, the snapshot, the panel."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

from ledger_world import EVERYWHERE, WholeNode, build_world, run_whole_node
from rich.console import Console

from node.report import build_report
from node.terminal import draw_snapshot


async def test_report_and_panel_tell_what_the_node_knows(tmp_path: Path) -> None:
    world = build_world()
    async with run_whole_node(world, tmp_path / "node") as node:
        first = await node.seal_final_batch()
        second = await node.seal_batch()
        report = json.loads(json.dumps(build_report(node.inner)))
        assert [row["number"] for row in report["batches"]] == [1, 2]
        assert report["batches"][0]["hash"] == "0x" + first.hash.hex()
        assert report["batches"][1]["lastBlock"] == second.header.last_block
        assert report["heads"]["unsafe"] >= report["heads"]["safe"] >= report["heads"]["finalized"] > 0
        assert report["headHash"] == "0x" + node.hashes()[report["heads"]["unsafe"]].hex()
        await check_first_batch(node, report["batches"][0])
        check_panel(node)


async def check_first_batch(node: WholeNode, row: dict[str, Any]) -> None:
    """One transaction, final on every ledger, in the ledger transactions that carry it."""
    assert (row["transactions"], row["rawBytes"]) == (1, len(node.world.build_transfer()))
    assert row["ratio"] == round(row["bytes"] / row["rawBytes"], 4)
    assert [posting["state"] for posting in row["ledgers"]] == ["final"] * len(EVERYWHERE)
    for index, posting in enumerate(row["ledgers"]):
        network = node.world.networks[index]
        assert posting["ledgerId"] == network.ledger_id
        assert posting["blockHash"] == "0x" + network.chain.block_at(posting["height"]).block.hash.hex()


def check_panel(node: WholeNode) -> None:
    snapshot = node.inner.take_snapshot()
    assert snapshot.is_final_everywhere(1)
    console = Console(width=100, file=StringIO(), record=True)
    console.print(draw_snapshot(snapshot, "a node"))
    text = console.export_text()
    assert f"head {snapshot.heads.unsafe}" in text
    assert all(network.ledger_id[:16] in text for network in node.world.networks)
