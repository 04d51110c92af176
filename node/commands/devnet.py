"""``entresol devnet``: the whole thing on one machine, nothing else needed."""

import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from node.demo import Demo, DemoSettings
from node.devnet import ACCOUNT_WEI, Devnet, DevnetOptions, open_devnet
from node.devnet_layout import CHAIN_ID, open_layout
from node.event_loop import run_event_loop
from node.keys import checksum_address_of
from node.logs import set_up_logs
from node.report import build_report
from node.rollup_node import RollupNode
from node.stop_request import StopRequest, run_until_stopped
from node.supervise import supervise
from node.terminal import show_status
from node.usage import WrongUsage

DEFAULT_DATA = Path("data") / "devnet"
DEMO_ACCOUNTS = slice(5, None)
"""The first five accounts are left to whoever tries the devnet out: two senders would race for the nonces."""
Opening = Callable[[], AbstractAsyncContextManager[tuple[Devnet, RollupNode]]]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the command line asked for beside the devnet itself."""

    demo: bool
    demo_rate: float
    exit_after_batches: int | None
    as_json: bool


def devnet(
    demo: Annotated[bool, typer.Option("--demo", help="Send a steady mix of real signed transactions.")] = False,
    demo_rate: Annotated[float, typer.Option(help="Demo transactions per second.", min=0.1, max=500)] = 20.0,
    exit_after_batches: Annotated[
        int | None, typer.Option(help="End once batch N is final on all ledgers.", min=1)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document at the end.")] = False,
    data: Annotated[Path | None, typer.Option(help=f"Keep state here (default: {DEFAULT_DATA}).")] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep nothing.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="JSON-RPC port of the rollup (0: any).", min=0, max=65_535)] = 8545,
    ledger_port: Annotated[
        int, typer.Option(help="Port of the first EVM ledger; the next ones follow (0: any).", min=0, max=65_000)
    ] = 9545,
    evm_ledgers: Annotated[
        int, typer.Option("--evm-ledgers", help="EVM ledgers; the first is the anchor.", min=1, max=8)
    ] = 2,
    memory_ledgers: Annotated[
        int, typer.Option("--memory-ledgers", help="Bitcoin-like in-memory ledgers that carry pointers.", min=0, max=8)
    ] = 1,
    batch_age: Annotated[float, typer.Option(help="Seconds after which a batch closes.", min=0.5, max=600)] = 5.0,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> int:
    """Run a sequencer with its ledgers on this machine: http://127.0.0.1:8545, ten funded accounts."""
    if data is not None and ephemeral:
        raise WrongUsage("--data and --ephemeral contradict each other: give one of them")
    if log_level not in ("debug", "info", "warning", "error"):
        raise WrongUsage("--log-level is debug, info, warning or error")
    set_up_logs(log_level, "text")
    wishes = _Wishes(demo, demo_rate, exit_after_batches, as_json)
    options = DevnetOptions(host, port, ledger_port, batch_age)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="entresol-"))) if ephemeral else data
        layout, shape = open_layout(root or DEFAULT_DATA, evm_ledgers, memory_ledgers)
        opening = partial(open_devnet, layout, shape, options)
        return run_event_loop(run_until_stopped(partial(_run, opening, wishes)))


async def _run(opening: Opening, wishes: _Wishes, stop: StopRequest) -> int:
    async with opening() as (opened, node):
        _print_welcome(opened, node, is_quiet=wishes.as_json)
        exit_code = await supervise(_plan_runners(opened, node, wishes), node.metrics.on_loop_lag, stop)
        if wishes.as_json:
            typer.echo(json.dumps(build_report(node), indent=2))
        return exit_code


def _plan_runners(opened: Devnet, node: RollupNode, wishes: _Wishes) -> dict[str, Callable[[], Awaitable[None]]]:
    runners: dict[str, Callable[[], Awaitable[None]]] = dict(opened.runners)

    async def show() -> None:
        await show_status(node.take_snapshot, f"Entresol devnet on {node.server.url}")

    runners["status"] = show
    if wishes.demo:
        settings = DemoSettings(node.server.url, CHAIN_ID, opened.keys[DEMO_ACCOUNTS], wishes.demo_rate)
        runners["demo"] = Demo(settings).run
    if wishes.exit_after_batches is not None:
        runners["exit"] = _ending(node, wishes.exit_after_batches)
    return runners


def _ending(node: RollupNode, batch: int) -> Callable[[], Awaitable[None]]:
    """Done when the batch is final on all ledgers, and the outbox knows it too: the report reads the outbox."""

    async def run() -> None:
        while not (node.take_snapshot().is_final_everywhere(batch) and _is_settled(node, batch)):
            await node.driver.wait_changed()

    return run


def _is_settled(node: RollupNode, batch: int) -> bool:
    rows = node.chain.store.outbox.of_batch(batch)  # type: ignore[arg-type]
    return len(rows) == len(node.genesis.ledgers) and all(row.state == "final" for row in rows)


def _print_welcome(opened: Devnet, node: RollupNode, *, is_quiet: bool) -> None:
    """On standard error when standard output is for a machine."""
    lines = [
        f"Entresol devnet: {node.server.url}, chain id {CHAIN_ID}",
        "",
        f"accounts, {ACCOUNT_WEI // 10**18} coins each (known to everybody: for development only)",
    ]
    lines += [f"  {checksum_address_of(key)}  0x{key.hex()}" for key in opened.keys]
    lines += ["", "ledgers"]
    for spec in node.genesis.ledgers:
        lines.append(f"  {spec.ledger_id}  {spec.role.value}  {opened.ledger_urls[spec.index]}  {spec.address}")
    lines += ["", f"follow it: entresol run --config {opened.layout.follower_config}", ""]
    typer.echo("\n".join(lines), err=is_quiet)
