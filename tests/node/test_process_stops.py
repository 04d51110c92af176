"""Ctrl-C and SIGTERM at any moment: gone within 3 s with exit code 0, no engine left behind, everything kept.

The waits are part of the fault: they choose the moment at which the signal arrives.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from load_client import LoadClient
from node_process import DEVNET, HOME, NodeProcess, running, wait_until_gone

pytestmark = pytest.mark.slow

STOP_MAX_S = 3.0
LOADING_DELAYS_S = (0.3, 0.5, 0.8, 1.1, 1.4)
OPENING_DELAYS_S = (0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0)


def stop(node: NodeProcess, number: int) -> None:
    """As a terminal does it: to the whole group."""
    engines = node.engines()
    node.signal_group(number)
    assert node.wait(STOP_MAX_S) == 0, node.err
    assert "Traceback" not in node.err
    wait_until_gone(engines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_opens(tmp_path: Path, number: int) -> None:
    """From an empty directory, then from one that earlier attempts left: each goes on where the last one was cut."""
    data = tmp_path / "data"
    for delay_s in OPENING_DELAYS_S:
        with running(tmp_path, *DEVNET, "--data", data) as node:
            node.wait_for_engines()
            time.sleep(delay_s)
            stop(node, number)
    with running(tmp_path, *DEVNET, "--data", data) as node:
        assert node.call("eth_chainId")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_is_loaded(tmp_path: Path, number: int) -> None:
    for delay_s in LOADING_DELAYS_S:
        with running(tmp_path, *DEVNET, "--ephemeral") as node:
            time.sleep(delay_s)
            stop(node, number)
            assert node.err.strip() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_under_load(tmp_path: Path, number: int) -> None:
    load, data = LoadClient(), tmp_path / "data"
    for turn in range(4):
        with running(tmp_path, *DEVNET, "--data", data) as node:
            thread = load.run(node)
            load.wait_for_acknowledged(40 + 23 * turn)
            stop(node, number)
            load.stop(thread)
    with running(tmp_path, *DEVNET, "--data", data) as node:
        load.check(node)
        stop(node, number)


def test_a_signal_with_an_engine_that_is_stuck(tmp_path: Path) -> None:
    with running(tmp_path, *DEVNET, "--data", tmp_path / "data") as node:
        assert node.call("eth_chainId")
        os.kill(node.engines()[-1], signal.SIGSTOP)
        stop(node, signal.SIGINT)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path, *DEVNET, "--data", tmp_path / "data") as node:
        assert node.call("eth_chainId")
        engines = node.engines()
        for engine in engines:
            os.kill(engine, signal.SIGSTOP)  # so that the first signal alone would take a while
        os.kill(node.pid, signal.SIGINT)
        time.sleep(0.3)
        os.kill(node.pid, signal.SIGINT)
        assert node.wait(0.5) == 130
        for engine in engines:
            os.kill(engine, signal.SIGCONT)
        wait_until_gone(engines)


STUCK = textwrap.dedent("""
    import asyncio, sys, time
    from node.logs import set_up_logs
    from node.stop_request import run_until_stopped
    from node.supervise import supervise

    async def deaf():
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass

    async def blocking():
        await asyncio.sleep(0.2)
        time.sleep(3600)

    async def closing():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.to_thread(time.sleep, 3600)

    async def main(stop):
        print("ready", flush=True)
        part = {"deaf": deaf, "blocking": blocking, "closing": closing}[sys.argv[1]]
        return await supervise({"a fine part": lambda: asyncio.sleep(3600), sys.argv[1]: part}, lambda lag: None, stop)

    set_up_logs("info", "text")
    sys.exit(asyncio.run(run_until_stopped(main)))
""")


@pytest.mark.parametrize("kind", ["deaf", "blocking", "closing"])
def test_a_part_that_does_not_end_is_named_and_cut_off(kind: str) -> None:
    command = [sys.executable, "-c", STUCK, kind]
    with subprocess.Popen(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_MAX_S + 0.5) == 79
        last = process.stderr.read().strip().splitlines()[-1]
        assert "the shutdown was cut off" in last
        assert kind in last
