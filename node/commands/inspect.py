"""``entresol status`` and ``batches``: questions to a running node, over its JSON-RPC."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ledgers.transport import RpcTransport, TransportSettings

UrlOption = Annotated[str, typer.Option("--url", help="JSON-RPC address of the node.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def status(url: UrlOption = "http://127.0.0.1:8545", as_json: JsonOption = False) -> None:
    """Heads, ledgers and alarms of a running node."""
    heads, ledgers = asyncio.run(_ask(url, ("rollup_heads", []), ("rollup_ledgers", [])))
    if as_json:
        typer.echo(json.dumps({"heads": heads, "ledgers": ledgers}, indent=2))
        return
    Console().print(" ".join(f"{name} {int(value, 16)}" for name, value in heads.items() if isinstance(value, str)))
    table = Table("ledger", "role", "height", "final", "last batch", "final batch", "outbox", "state")
    for row in ledgers:
        alarms = ", ".join(alarm["code"] for alarm in row["alarms"])
        table.add_row(
            row["ledgerId"],
            row["role"],
            _number(row["height"]),
            _number(row["finalizedHeight"]),
            _number(row["lastBatchSeen"]),
            _number(row["lastBatchFinal"]),
            _number(row["outboxDepth"]),
            alarms or ("ok" if row["reachable"] else row["error"] or "unreachable"),
        )
    Console().print(table)


def batches(
    url: UrlOption = "http://127.0.0.1:8545",
    count: Annotated[int, typer.Option(help="How many of the newest.", min=1, max=1000)] = 10,
    as_json: JsonOption = False,
) -> None:
    """The newest batches and where each ledger carries them."""
    rows = asyncio.run(_read_batches(url, count))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("batch", "hash", "blocks", "bytes", "postings")
    for batch, postings in rows:
        where = ", ".join(f"{row['ledgerIndex']}:{row['state']}" for row in postings)
        blocks = f"{_number(batch['firstBlock'])}-{_number(batch['lastBlock'])}"
        table.add_row(_number(batch["number"]), batch["hash"][:18], blocks, _number(batch["dataLength"]), where)
    Console().print(table)


async def _ask(url: str, *calls: tuple[str, list[Any]]) -> list[Any]:
    async with RpcTransport(TransportSettings(url)) as transport:
        return [await transport.call(method, *params) for method, params in calls]


async def _read_batches(url: str, count: int) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    async with RpcTransport(TransportSettings(url)) as transport:
        newest: Any = await transport.call("rollup_getBatch", "latest")
        last = int(newest["number"], 16) if newest else 0
        rows: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        for number in range(last, max(last - count, 0), -1):
            batch: Any = await transport.call("rollup_getBatch", hex(number))
            postings: Any = await transport.call("rollup_postings", hex(number))
            rows.append((batch, postings))
        return rows


def _number(value: object) -> str:
    return str(int(value, 16)) if isinstance(value, str) and value.startswith("0x") else str(value)
