"""``entresol import``, ``serve`` and ``export``: chains that were made elsewhere."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from node.event_loop import run_event_loop
from node.imported_chain import export_chain, import_chain
from node.logs import set_up_logs
from node.served_chain import ServeOptions, open_served_chain
from node.stop_request import StopRequest, run_until_stopped
from node.supervise import supervise
from rollup.core.errors import BadDataDirectory, InvalidBlock

EXIT_BAD_DATA = 65

DataOption = Annotated[Path, typer.Option("--data", help="Directory of the imported chain.")]


def import_(
    genesis: Annotated[Path, typer.Option("--genesis", help="geth's genesis.json.")],
    chain: Annotated[Path, typer.Option("--chain", help="Blocks in RLP, one after the other, as geth export writes.")],
    data: DataOption,
) -> int:
    """Verify a chain block by block and keep it. Says where the first difference is."""
    try:
        import_chain(genesis, chain, data, typer.echo)
    except InvalidBlock as error:
        typer.echo(f"entresol: {error}", err=True)
        return EXIT_BAD_DATA
    return 0


def export(
    data: DataOption,
    chain: Annotated[Path | None, typer.Option("--chain", help="File to write (default: chain.rlp in --data).")] = None,
) -> None:
    """Write an imported chain out again, byte for byte, from block 1 on. Nothing is overwritten."""
    path = chain or data / "chain.rlp"
    if path.exists():
        raise BadDataDirectory(f"{path} exists already: move it away, or name another file with --chain")
    typer.echo(f"{path}: {export_chain(data, path)} blocks")


def serve(
    data: DataOption,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="JSON-RPC port (0: any).", min=0, max=65_535)] = 8545,
    testing: Annotated[
        bool, typer.Option(help="Offer testing_buildBlockV1, which builds blocks and keeps none.")
    ] = True,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> int:
    """Serve an imported chain, read-only: transactions are taken into the pool, but no block is built."""
    set_up_logs(log_level, "text")
    return run_event_loop(run_until_stopped(partial(_serve, data, ServeOptions(host, port, testing))))


async def _serve(data: Path, options: ServeOptions, stop: StopRequest) -> int:
    async with open_served_chain(data, options) as serving:
        head = serving.served.heads().unsafe
        typer.echo(f"{serving.server.url}, chain id {serving.served.rule.chain_id}, block {head}")
        return await supervise({"chain": serving.run}, lambda _: None, stop)
