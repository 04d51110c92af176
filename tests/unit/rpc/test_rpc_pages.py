"""Operations pages: is it alive, is it worth asking, what did it count."""

import json
import time
from dataclasses import replace

import pytest
from listening import OneBlock, make_ports
from made_rollup import ANCHOR, MadeRollup, make_status
from prometheus_client.parser import text_string_to_metric_families

from rollup.core.heads import Heads
from rollup.core.ids import BlockNumber
from rpc.metrics import Metrics
from rpc.pages import Pages
from rpc.ports import NodePorts
from rpc.settings import RpcSettings


def fresh_ports(**more: object) -> NodePorts:
    """With a head of now: made in the test, for a whole run takes longer than a head stays fresh."""
    return make_ports(**{"chain": OneBlock(timestamp=int(time.time()))} | more)


async def readiness(ports: NodePorts) -> tuple[int, list[str]]:
    response = await Pages(ports, RpcSettings(), Metrics()).ready()
    body = json.loads(response.body)
    assert body["ready"] is (response.status == 200)
    return response.status, body["reasons"]


async def test_a_fresh_head_is_ready() -> None:
    rollup = MadeRollup()
    assert await readiness(fresh_ports()) == (200, [])
    assert await readiness(fresh_ports(rollup=rollup, heads=rollup)) == (200, [])


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"chain": OneBlock(timestamp=1)}, "head 0 is "),
        (
            {"heads": MadeRollup(labels=Heads(*map(BlockNumber, (2, 1, 0, 0, 9))))},
            "syncing: 2 of 9 blocks executed",
        ),
        (
            {"rollup": MadeRollup((make_status(ANCHOR, reachable=False, error="connection refused"),))},
            "ledger eip155:31 is unreachable: connection refused",
        ),
    ],
)
async def test_what_keeps_it_from_being_ready_is_named(parts: dict[str, object], reason: str) -> None:
    status, [found] = await readiness(fresh_ports(**parts))
    assert status == 503
    assert found.startswith(reason)


async def test_ledgers_that_this_node_does_not_watch_are_no_reason() -> None:
    unwatched = replace(make_status(ANCHOR, reachable=False, error="no answer yet"), watched=False)
    assert await readiness(fresh_ports(rollup=MadeRollup((unwatched,)))) == (200, [])


def samples(text: bytes) -> dict[str, float]:
    families = text_string_to_metric_families(text.decode())
    return {
        sample.name + "".join(f"/{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_metrics_show_what_was_counted_and_what_is_now() -> None:
    metrics, rollup = Metrics(), MadeRollup()
    metrics.rpc.on_call("eth_chainId", 0.002, failed=False)
    metrics.rpc.on_call("eth_chainId", 0.002, failed=True)
    metrics.chain.on_block(transactions=3, gas_used=63_000)
    metrics.chain.on_execution(0.03)
    metrics.chain.on_batch(4, body_bytes=500)
    metrics.on_loop_lag(0.2)
    ports = replace(make_ports(), rollup=rollup, heads=rollup)
    found = samples((await Pages(ports, RpcSettings(), metrics).metrics()).body)
    expected = {
        "entresol_rpc_calls_total/eth_chainId/ok": 1,
        "entresol_rpc_calls_total/eth_chainId/error": 1,
        "entresol_rpc_call_seconds_count/eth_chainId": 2,
        "entresol_blocks_total": 1,
        "entresol_transactions_total": 3,
        "entresol_gas_total": 63_000,
        "entresol_vm_block_seconds_count": 1,
        "entresol_batches_total": 1,
        "entresol_batch_bytes_total": 500,
        "entresol_loop_lag_seconds_count": 1,
        "entresol_head/safe": 1,
        "entresol_ledger_height/eip155:31": 40,
        "entresol_ledger_batch_lag/eip155:31": 3,
        "entresol_ledger_alarms/bip122:00": 1,
    }
    assert {name: found.get(name) for name in expected} == expected


async def test_two_nodes_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.chain.on_block(1, 1)
    assert samples(second.encode())["entresol_blocks_total"] == 0
