"""Starts Foundry's anvil as a foreign EVM ledger for the tests here."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
ANVIL = TOOLS / "bin" / "anvil"


@dataclass(frozen=True, slots=True)
class Anvil:
    """A running anvil with its ten unlocked accounts. A block is mined with each transaction unless told otherwise."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def start_anvil(*arguments: str) -> Iterator[Anvil]:
    """Run anvil on a free port with further command line arguments, and end it by its own process id."""
    if not ANVIL.exists():
        pytest.fail("anvil is not installed: run scripts/install-ledgers")
    command = [str(ANVIL), "--host", "127.0.0.1", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield Anvil(f"http://{_read_address(process)}", process)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _read_address(process: subprocess.Popen[str]) -> str:
    """Wait for the line that tells the port; afterwards the output is read on and dropped, lest the pipe fills."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Listening on "):
            threading.Thread(target=_drop_lines, args=(process,), daemon=True).start()
            return line.removeprefix("Listening on ").strip()
    pytest.fail("anvil ended before it listened:\n" + "".join(lines[-5:]))


def _drop_lines(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for _ in process.stdout:
        pass
