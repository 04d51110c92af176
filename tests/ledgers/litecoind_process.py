"""Starts Litecoin Core as a foreign ledger of the Bitcoin family for the tests here."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.errors import LedgerUnavailable

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
START_TIMEOUT_S = 30.0
FIXED = (
    "-server",
    "-listen=0",
    "-connect=0",
    "-dnsseed=0",
    "-keypool=4",
    "-persistmempool=0",
    "-dbcache=8",
    "-par=1",
    "-rpcservertimeout=2",
)
REPLACES = "-mempoolreplacement=1"  # which Litecoin Core does not by default
QUICK_STOP = "-rpcservertimeout=2"  # it stops when the last open connection is idle for so long


@dataclass(slots=True)
class Litecoind:
    """A node that can be stopped and started again at the same address, with the same data and an empty pool."""

    home: Path
    port: int
    chain: str
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://tester:secret@127.0.0.1:{self.port}"

    @property
    def cookie_file(self) -> Path:
        return self.home / "regtest" / ".cookie"

    def start(self, *arguments: str) -> None:
        self.home.mkdir(exist_ok=True)
        access = () if "cookie" in self.arguments else ("-rpcuser=tester", "-rpcpassword=secret")
        command = [_find_program(), f"-{self.chain}", f"-datadir={self.home}", f"-rpcport={self.port}"]
        options = (text for text in self.arguments if text != "cookie")
        command += [*FIXED, REPLACES, QUICK_STOP, *access, *options, *arguments]  # the last word counts
        with (self.home / "output").open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(5)
            self.process = None

    async def ready(self, transport: RpcTransport) -> None:
        """Wait until it answers through this transport."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                await transport.call("getblockcount")
                return
            except LedgerUnavailable:
                ended = self.process is not None and self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    pytest.fail("litecoind does not answer:\n" + (self.home / "output").read_text()[-800:])
                await asyncio.sleep(0.05)


@contextmanager
def start_litecoind(home: Path, chain: str = "regtest", *arguments: str) -> Iterator[Litecoind]:
    """Run a node on a free port, and end it by its own process id. The argument ``cookie`` means a cookie file in the
    place of a password."""
    node = Litecoind(home, _free_port(), chain, arguments)
    node.start()
    try:
        yield node
    finally:
        node.kill()


def connect(node: Litecoind, wallet: str = "") -> RpcTransport:
    return RpcTransport(TransportSettings(node.url + (f"/wallet/{wallet}" if wallet else "/")))


def _find_program() -> str:
    installed = TOOLS / "bin" / "litecoind"
    found = str(installed) if installed.exists() else shutil.which("litecoind")
    if found is None:
        pytest.fail("litecoind is not installed: run scripts/install-ledgers; on Debian: apt-get install litecoind")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
