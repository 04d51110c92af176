"""Benchmark: the same load against a fresh devnet and, where it is installed, against anvil, one after the other.

Prints what was measured, side by side, and the floors that the project holds itself to. Asserts nothing.
"""

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
ANVIL = ROOT / ".tools" / "bin" / "anvil"
START_TIMEOUT_S = 60
BATCH_TIMEOUT_S = 120
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the environment names: the nodes are on this machine."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rpc(url: str, method: str, *params: object) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with DIRECT.open(request, timeout=60) as response:
        answer = json.load(response)
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


@contextmanager
def running(arguments: list[str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a node, wait until it answers, and end it with its children. A Ctrl-C reaches it once, from here."""
    print(" ".join(arguments), file=sys.stderr, flush=True)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=output, cwd=ROOT, start_new_session=True)
        try:
            wait_until_up(process, url, output)
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_up(process: subprocess.Popen[bytes], url: str, output: Any) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            output.seek(0)
            raise BenchFailed(f"{process.args!r} ended:\n{output.read().decode(errors='replace')[-2000:]}")
        try:
            rpc(url, "eth_blockNumber")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise BenchFailed(f"{process.args!r} did not answer within {START_TIMEOUT_S} s")


def peak_memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Peak resident size (VmHWM) of the process and its descendants, added up. Linux."""
    total_kb, waiting = 0, [process.pid]
    while waiting:
        pid = waiting.pop()
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return total_kb / 1024


class BenchFailed(Exception):
    """A node or the load generator ended before its time."""


def load(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the load generator measured. Raises BenchFailed."""
    arguments = [sys.executable, str(ROOT / "scripts" / "load.py"), url]
    for name in ("connections", "transfers", "erc20", "mix", "rate", "steady_s", "fresh"):
        arguments += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, check=False, cwd=ROOT)
    if done.returncode:
        raise BenchFailed(f"the load generator ended with {done.returncode}")
    return dict(json.loads(done.stdout))


def reads(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """What the read benchmark measured, on the node that the load went to; nothing where it is left out."""
    if not options.reads_s:
        return {}
    arguments = [sys.executable, str(ROOT / "scripts" / "reads.py"), url]
    arguments += ["--duration-s", str(options.reads_s), "--rate", str(options.rate)]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, check=False, cwd=ROOT)
    if done.returncode:
        raise BenchFailed(f"the read benchmark ended with {done.returncode}")
    return dict(json.loads(done.stdout))


def add_batch_figures(url: str, phases: dict[str, Any]) -> None:
    """Bytes per transaction and ratio of the batches with nothing but blocks of a phase (or, where a phase was too
    short for that, of all that carry some)."""
    for phase in phases.values():
        deadline = time.monotonic() + BATCH_TIMEOUT_S
        while (last := rpc(url, "rollup_getBatchByBlock", hex(phase["last_block"]))) is None:
            if time.monotonic() > deadline:
                raise BenchFailed("the last block never got into a batch")
            time.sleep(0.5)
        first = rpc(url, "rollup_getBatchByBlock", hex(phase["first_block"]))
        carrying = range(int(first["number"], 16), int(last["number"], 16) + 1)
        phase |= compression(url, carrying[1:-1] or carrying)  # noqa: PLW2901


def compression(url: str, numbers: Iterable[int]) -> dict[str, Any]:
    """How small the batches of these numbers are, against the raw transactions in them."""
    batches = [rpc(url, "rollup_getBatch", hex(number)) for number in numbers]
    size, count, raw = (
        sum(int(batch[field], 16) for batch in batches) for field in ("dataLength", "transactionCount", "rawLength")
    )
    return {
        "batches": len(batches),
        "batch_bytes_per_transaction": round(size / count, 1),
        "ratio": round(size / raw, 3),
    }


def bench_entresol(options: argparse.Namespace) -> dict[str, Any]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    entresol = str(Path(sys.executable).parent / "entresol")
    arguments = [entresol, "devnet", "--ephemeral", "--port", str(port), "--ledger-port", "0"]
    with running(arguments, url) as process:
        results = load(url, options)
        add_batch_figures(url, results)
        asked = reads(url, options)
        return {"phases": results, "reads": asked, "peak_memory_mb": round(peak_memory_mb(process), 1)}


def bench_anvil(options: argparse.Namespace) -> dict[str, Any]:
    port = free_port()
    arguments = [str(ANVIL), "--block-time", "1", "--prune-history", "--silent", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(arguments, url) as process:
        results, asked = load(url, options), reads(url, options)
        return {"phases": results, "reads": asked, "peak_memory_mb": round(peak_memory_mb(process), 1)}


FLOORS = {
    "erc20 included/s": "at least 600",
    "erc20 confirmation p50 ms": "below 400",
    "erc20 eth_getBalance p99 ms": "below 50",
    "mix ratio": "at most 0.45",
    "eth_chainId calls/s": "at least 8000",
    "eth_getBalance calls/s": "at least 2500",
    **{
        f"{name} p99 ms, loaded": "below 60"
        for name in ("eth_chainId", "eth_getBalance", "eth_call", "eth_getBlockByNumber", "eth_getLogs")
    },
}
"""What the project holds itself to, with its own engine on two cores. Confirmations and reads are those of the steady
rate; the mix is that of ``--demo``."""


def rows_of(measured: dict[str, Any]) -> dict[str, Any]:
    """The figures of one peer by name, in the order of the table."""
    rows: dict[str, Any] = {}
    for name, phase in measured["phases"].items():
        rows[f"{name} transactions"] = phase["transactions"]
        rows[f"{name} submitted/s"] = phase["submitted_per_s"]
        rows[f"{name} included/s"] = phase["included_per_s"]
        rows[f"{name} eth_getBalance p99 ms, flooded"] = phase["eth_getBalance_ms"]["p99"]
        if phase["resent"]:
            rows[f"{name} lost and sent again"] = phase["resent"]
        if "steady" in phase:
            steady = phase["steady"]
            rows[f"{name} confirmation p50 ms"] = steady["confirmation_ms"]["p50"]
            rows[f"{name} confirmation p99 ms"] = steady["confirmation_ms"]["p99"]
            rows[f"{name} eth_getBalance p99 ms"] = steady["eth_getBalance_ms"]["p99"]
        if "ratio" in phase:
            rows[f"{name} batch bytes/transaction"] = phase["batch_bytes_per_transaction"]
            rows[f"{name} ratio"] = phase["ratio"]
    if measured["reads"]:
        rows["transactions in the block that is read"] = measured["reads"]["block_transactions"]
    for suffix, part in (("", "alone"), (", loaded", "busy")):
        for name, read in measured["reads"].get(part, {}).items():
            rows[f"{name} calls/s{suffix}"] = read["calls_per_s"]
            rows[f"{name} p99 ms{suffix}"] = read["p99"]
    return rows | {"peak memory MB": measured["peak_memory_mb"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--transfers", type=int, default=5_000)
    parser.add_argument("--tokens", dest="erc20", type=int, default=20_000, help="ERC-20 transfers")
    parser.add_argument("--mix", type=int, default=6_000, help="transactions of the mix that --demo sends")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--steady-s", type=float, default=15.0)
    parser.add_argument("--fresh", type=float, default=0.5, help="share of new recipients, but for the mix")
    parser.add_argument("--reads-s", type=float, default=1.5, help="for each kind of read; 0 leaves reads out")
    parser.add_argument("--no-peer", action="store_true", help="leave anvil out")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before the run"
    measured: dict[str, Any] = {}
    for peer, bench in choose_peers(options).items():
        try:
            measured[peer] = bench(options)
        except BenchFailed as error:
            print(f"{peer}: {error}", file=sys.stderr)
    if options.json:
        print(json.dumps({"machine": machine, "measured": measured}, indent=2))
    else:
        print_table(machine, {peer: rows_of(result) for peer, result in measured.items()})
    if "entresol" not in measured:
        sys.exit(1)


def choose_peers(options: argparse.Namespace) -> dict[str, Callable[[argparse.Namespace], dict[str, Any]]]:
    """Whom to measure, in this order."""
    peers = {"entresol": bench_entresol}
    if ANVIL.exists() and not options.no_peer:
        peers["anvil"] = bench_anvil
    return peers


def print_table(machine: str, columns: dict[str, dict[str, Any]]) -> None:
    table = Table("figure", *columns, "floor", title=machine)
    for name in dict.fromkeys(name for column in columns.values() for name in column):
        table.add_row(name, *(str(column.get(name, "-")) for column in columns.values()), FLOORS.get(name, ""))
    Console().print(table)
    if not ANVIL.exists():
        print("anvil is not installed (scripts/install-ledgers brings it): no peer in this run")


if __name__ == "__main__":
    main()
