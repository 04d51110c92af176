"""Runs the ``entresol`` command as an operator does: as programs of their own, watched through their output."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain_driver import Chain

QUICK = {
    "ENTRESOL_RPC__PORT": "0",
    "ENTRESOL_BATCH__AGE_S_MAX": "1.5",
    "ENTRESOL_SEQUENCER__IDLE_BLOCK_INTERVAL_S": "1.0",
    "ENTRESOL_LOGS__FORMAT": "json",
}


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    out: str
    err: str


def entresol(*arguments: object) -> Finished:
    """One command to its end."""
    command = [sys.executable, "-m", "node", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def running_node(config: Path, log: Path) -> Iterator[Chain]:
    """``entresol run`` until the block ends; must then leave with exit code 0 on SIGTERM."""
    command = [sys.executable, "-m", "node", "run", "--config", str(config)]
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | QUICK)
    try:
        with Chain(wait_for(lambda: _serving_url(process, log))) as chain:
            yield chain
        process.terminate()
        assert process.wait(10) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(look: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """What ``look`` answers, once that is something."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.1)
    return found


def _serving_url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    assert process.poll() is None, log.read_text()
    lines = [line for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return next((event["url"] for event in events if event["event"] == "serving"), "")
