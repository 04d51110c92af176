"""``entresol init``, ``deploy``, ``run`` and ``keys``: what an operator does to a node."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from node.config import read_config
from node.deployment import deploy_contracts
from node.devnet_layout import CHAIN_ID
from node.event_loop import run_event_loop
from node.init_options import DEFAULT_LEDGERS, read_funds, read_ledgers
from node.keys import checksum_address_of, read_key, write_new_key
from node.logs import set_up_logs
from node.run_node import run_node
from node.scaffold import ScaffoldPlan, scaffold_node
from node.terminal import clock
from node.usage import WrongUsage
from rollup.core.errors import BadConfig

keys = typer.Typer(help="Make and read key files.", no_args_is_help=True)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The node's TOML file.")]


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write; made if missing.")] = Path(),
    chain_id: Annotated[int, typer.Option(help="Chain id of the new rollup.", min=1, max=2**53 - 1)] = CHAIN_ID,
    ledger: Annotated[
        list[str] | None,
        typer.Option(
            help="An EVM ledger as ID=URL, such as eip155:1=https://... ; repeat it. The first one is the anchor. "
            f"(default: {' '.join(DEFAULT_LEDGERS)})"
        ),
    ] = None,
    finality: Annotated[
        list[str] | None,
        typer.Option(
            help="When a ledger's block is final: tag (its own finalized tag), instant, or so many blocks on top. "
            "RULE for all, ID=RULE for one; repeatable. (default: tag)"
        ),
    ] = None,
    fund: Annotated[
        list[str] | None,
        typer.Option(
            help="ADDRESS=COINS that this account owns at the genesis; repeatable. "
            "(default: a new key, keys/owner.key, owns a million)"
        ),
    ] = None,
) -> None:
    """Write a commented configuration, a genesis and new keys (mode 0600). Nothing is overwritten."""
    try:
        wishes = read_ledgers(ledger or DEFAULT_LEDGERS, finality or ())
        balances = read_funds(fund or ())
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    for line in scaffold_node(ScaffoldPlan(directory, chain_id, int(clock()), wishes, balances)):
        typer.echo(line)


def deploy(config: ConfigOption = Path("entresol.toml")) -> None:
    """Deploy the settlement contracts on every EVM ledger that lacks them; write the addresses into the genesis."""
    for line in asyncio.run(deploy_contracts(read_config(config))):
        typer.echo(line)


def run(config: ConfigOption = Path("entresol.toml")) -> int:
    """Run a node: a sequencer or a follower, as the configuration says."""
    settings = read_config(config)
    set_up_logs(settings.logs.level, settings.logs.format)
    return run_event_loop(run_node(settings))


@keys.command("new")
def new_key(path: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Make a key file with mode 0600 and print its address."""
    typer.echo(checksum_address_of(write_new_key(path)))


@keys.command("show")
def show_key(path: Annotated[Path, typer.Argument(help="File to read.")]) -> None:
    """Print the address of a key file. The key itself is never printed."""
    if path.is_dir():
        raise BadConfig(f"{path} is a directory; name the key file")
    typer.echo(checksum_address_of(read_key(path)))
