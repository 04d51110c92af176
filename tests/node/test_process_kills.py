"""kill -9 of the node and of its engines under load, full disks: nothing promised is lost, nothing signed twice."""

import json
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from load_client import LoadClient
from node_process import DEVNET, NodeProcess, is_running, running, wait_for, wait_until_gone

from ledgers.memory.chain import MemoryRules
from ledgers.memory.network import MemoryNetwork
from rollup.core.batch import decode_pointer

pytestmark = pytest.mark.slow

KILLS = 6


def kill_node(node: NodeProcess, turn: int) -> None:
    engines = node.engines()
    assert engines
    os.kill(node.pid, signal.SIGKILL)
    assert node.wait() == -signal.SIGKILL
    wait_until_gone(engines)


def kill_engine(node: NodeProcess, turn: int) -> None:
    """The rollup's engine, or the embedded ledger's: the node ends by itself and takes the other one along."""
    engines = node.engines()
    assert len(engines) == 2
    os.kill(engines[turn % 2], signal.SIGKILL)
    assert node.wait() == 70, node.err
    assert "virtual machine process was killed by signal 9" in node.err
    assert "Traceback" not in node.err
    wait_until_gone(engines)


@pytest.mark.parametrize("kill", [kill_node, kill_engine])
def test_what_was_promised_outlives_every_kill_under_load(tmp_path: Path, kill) -> None:  # type: ignore[no-untyped-def]
    load, data = LoadClient(), tmp_path / "data"
    for turn in range(KILLS):
        with running(tmp_path, *DEVNET, "--data", data) as node:
            thread = load.run(node)
            load.wait_for_acknowledged(30 + 17 * turn)
            kill(node, turn)
            load.stop(thread)
    with running(tmp_path, *DEVNET, "--data", data) as node:
        load.check(node)
        settle(node, load.look_for_batches(node))
        load.check(node)
        assert node.call("rollup_alarms") == []
        os.kill(node.pid, signal.SIGTERM)
        assert node.wait() == 0
    check_pointers(data, load)


def settle(node: NodeProcess, last: int) -> None:
    """Until this batch is final everywhere."""

    def is_final() -> bool:
        return all(int(row["lastBatchFinal"], 16) >= last for row in node.call("rollup_ledgers"))

    wait_for(is_final)


def check_pointers(data: Path, load: LoadClient) -> None:
    """The memory ledger takes anything: if a number was signed twice, or posted twice, it shows here."""
    numbers = []
    for pointer_number, pointer_hash in pointers(data / "ledgers" / "1.jsonl"):
        load.promises.note("batches", pointer_number, "0x" + pointer_hash.hex())
        numbers.append(pointer_number)
    assert load.promises.broken == []
    assert len(numbers) == len(set(numbers))
    assert numbers


def pointers(path: Path) -> Iterator[tuple[int, bytes]]:
    name = json.loads(path.read_text().splitlines()[0])["ledger"]
    chain = MemoryNetwork(MemoryRules(name), path).chain
    for block in chain.blocks_between(0, chain.head.height):
        for transaction in block.transactions:
            pointer = decode_pointer(transaction.payload)
            yield pointer.number, pointer.batch_hash


@pytest.mark.parametrize("victim", ["node", "rollup engine", "ledger engine"])
def test_a_full_disk_ends_the_node_with_74_and_loses_nothing(tmp_path: Path, victim: str) -> None:
    """A limit on the size of files is how a full disk is made here: writes fail in the same places."""
    load, data = LoadClient(), tmp_path / "data"
    with running(tmp_path, *DEVNET, "--data", data) as node:
        thread = load.run(node)
        load.wait_for_acknowledged(50)
        ledger_engine, rollup_engine = node.wait_for_engines(2)
        pid = {"node": node.pid, "rollup engine": rollup_engine, "ledger engine": ledger_engine}[victim]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (65_536, 65_536))
        assert node.wait() == 74, node.err
        load.stop(thread)
        assert "Traceback" not in node.err
        wait_until_gone([ledger_engine, rollup_engine])
    with running(tmp_path, *DEVNET, "--data", data) as node:
        load.check(node)
        assert not is_running(rollup_engine)
