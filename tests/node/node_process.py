"""The ``entresol`` command as a program: started, asked over HTTP, killed, and looked after until nothing is left."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
DEVNET = ("devnet", "--port", "0", "--ledger-port", "0", "--evm-ledgers", "1", "--batch-age", "0.5")
WAIT_S = 60.0
REQUEST_S = 5.0


class RpcRefused(Exception):
    """The node answered with an error."""


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    out: str
    err: str


def run_entresol(*arguments: object, cwd: Path | None = None) -> Finished:
    """One command to its end."""
    command = [sys.executable, "-m", "node", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=WAIT_S, check=False, cwd=cwd or HOME, env=environment
    )
    return Finished(done.returncode, done.stdout, done.stderr)


class NodeProcess:
    """A running ``entresol`` in a process group of its own; what it prints goes to files in ``scratch``."""

    def __init__(self, scratch: Path, *arguments: object) -> None:
        self._out = scratch / "out.txt"
        self._err = scratch / "err.txt"
        command = [sys.executable, "-m", "node", *map(str, arguments)]
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, cwd=HOME, start_new_session=True)
        self._url = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        """Waits until it serves."""
        if not self._url:
            self._url = wait_for(self._find_url)
        return self._url

    @property
    def err(self) -> str:
        return self._err.read_text()

    def _find_url(self) -> str:
        assert self.process.poll() is None, self.err
        lines = [line for line in self._out.read_text().splitlines() if line.startswith("Entresol devnet: ")]
        return lines[0].split()[2].rstrip(",") if lines else ""

    def call(self, method: str, *params: object) -> Any:
        """Raises OSError when nobody answers, RpcRefused for an error object."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_S) as response:
                answer = json.load(response)
        except HTTPException as error:  # the node died in the middle of an answer
            raise ConnectionError(str(error)) from error
        if "error" in answer:
            raise RpcRefused(answer["error"]["message"])
        return answer["result"]

    def engines(self) -> list[int]:
        """Process ids of the virtual machine processes, in the order of their start."""
        found: set[int] = set()
        for task in Path(f"/proc/{self.pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
                found |= {int(child) for child in task.read_text().split()}
        return sorted(pid for pid in found if b"rollup.vm" in read_command(pid))

    def wait_for_engines(self, count: int = 1) -> list[int]:
        return wait_for(lambda: self.engines() if len(self.engines()) >= count else [])

    def signal_group(self, number: int) -> None:
        """To every process of the group, as a terminal and service managers do."""
        os.killpg(self.pid, number)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        return self.process.wait(timeout_s)


@contextmanager
def running(scratch: Path, *arguments: object) -> Iterator[NodeProcess]:
    """Killed at the end if it still runs, its engines with it."""
    node = NodeProcess(scratch, *arguments)
    engines: list[int] = []
    try:
        yield node
    finally:
        if node.process.poll() is None:
            engines = node.engines()
            node.process.kill()
            node.process.wait()
        for engine in engines:
            kill_quietly(engine)


def kill_quietly(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def read_command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def is_running(pid: int) -> bool:
    """Zombies do not count: whoever inherited them is slow, that is all."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    wait_for(lambda: not any(is_running(pid) for pid in pids), 10.0)


def wait_for(look: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
    """What ``look`` answers, once that is something."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.02)
    return found
