"""``entresol status`` and ``batches``: questions to a running node, over its JSON-RPC."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ledgers.transport import JsonRpcError, RpcTransport, TransportSettings
from node.usage import WrongUsage
from rollup.core.errors import LedgerUnavailable

METHOD_NOT_FOUND = -32601
HEAD_LABELS = ("unsafe", "safe", "finalized", "attested")
HASH_CHARACTERS = 12

UrlOption = Annotated[str, typer.Option("--url", help="JSON-RPC address of the node.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
CountOption = Annotated[int, typer.Option(help="How many of the newest.", min=1, max=1000)]


def status(url: UrlOption = "http://127.0.0.1:8545", as_json: JsonOption = False) -> None:
    """Heads, ledgers and alarms of a running node."""
    heads, ledgers, alarms = asyncio.run(_read_status(url))
    if as_json:
        typer.echo(json.dumps({"heads": heads, "ledgers": ledgers, "alarms": alarms}, indent=2))
        return
    for label in HEAD_LABELS:
        typer.echo(f"{label:<10}{_number(heads[label]['number']):>9}  {heads[label]['hash'] or ''}")
    rows = [
        (row["ledgerId"], row["role"], *(_number(row[key]) for key in LEDGER_NUMBERS), _state_of(row))
        for row in ledgers
    ]
    _print_table(("ledger", "role", "height", "final", "batch", "final", "outbox", "state"), rows)
    for alarm in alarms:
        typer.echo(f"! {alarm['code']}: {alarm['message']}")


LEDGER_NUMBERS = ("height", "finalizedHeight", "lastBatchSeen", "lastBatchFinal", "outboxDepth")


def batches(url: UrlOption = "http://127.0.0.1:8545", count: CountOption = 10, as_json: JsonOption = False) -> None:
    """The newest batches and where each ledger carries them."""
    found = asyncio.run(_read_batches(url, count))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    rows = [
        (
            _number(batch["number"]),
            batch["hash"][:HASH_CHARACTERS],
            f"{_number(batch['firstBlock'])}-{_number(batch['lastBlock'])}",
            _number(batch["dataLength"]),
            ", ".join(f"{row['ledgerId']} {row['state']}" for row in batch["postings"]),
        )
        for batch in found
    ]
    _print_table(("batch", "hash", "blocks", "bytes", "where"), rows)


async def _read_status(url: str) -> tuple[Any, Any, Any]:
    async with RpcTransport(TransportSettings(url)) as transport:
        heads = await _ask(transport, url, "rollup_heads")
        ledgers = await _ask(transport, url, "rollup_ledgers")
        return heads, ledgers, await _ask(transport, url, "rollup_alarms")


async def _read_batches(url: str, count: int) -> list[dict[str, Any]]:
    """Newest first; every batch with its ``postings``."""
    async with RpcTransport(TransportSettings(url)) as transport:
        ledgers = await _ask(transport, url, "rollup_ledgers")
        number = max(int(row["lastBatchSeen"], 16) for row in ledgers if row["role"] == "anchor")
        found = []
        while (batch := await _ask(transport, url, "rollup_getBatch", hex(number + 1))) is not None:
            number += 1  # signed and not on the anchor yet
            found.append(batch)
        for older in range(number - len(found), max(number - count, 0), -1):
            batch = await _ask(transport, url, "rollup_getBatch", hex(older))
            found = [batch, *found] if batch else found
        newest = found[-count:][::-1]
        for batch in newest:
            batch["postings"] = await _read_postings(transport, url, batch, ledgers)
        return newest


async def _read_postings(
    transport: RpcTransport, url: str, batch: dict[str, Any], ledgers: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The outbox's rows on a node that posts; on a follower, what it saw on the ledgers."""
    rows: list[dict[str, Any]] = await _ask(transport, url, "rollup_postings", batch["number"])
    return rows or [
        {"ledgerId": row["ledgerId"], "state": _seen_state(batch, row)} for row in ledgers if row["watched"]
    ]


def _seen_state(batch: dict[str, Any], ledger: dict[str, Any]) -> str:
    number = int(batch["number"], 16)
    if number <= int(ledger["lastBatchFinal"], 16):
        return "final"
    return "included" if number <= int(ledger["lastBatchSeen"], 16) else "unseen"


async def _ask(transport: RpcTransport, url: str, method: str, *params: object) -> Any:
    """Raises LedgerUnavailable or a usage error in words for whoever typed the command."""
    if not url.startswith(("http://", "https://")):
        raise WrongUsage(f"--url {url}: write http:// or https:// before it")
    try:
        return await transport.call(method, *params)
    except JsonRpcError as error:
        if error.code == METHOD_NOT_FOUND:
            raise WrongUsage(f"{url} is no node of a rollup: name one with --url") from error
        raise
    except LedgerUnavailable as error:
        raise LedgerUnavailable(f"no node answers at {url} ({error}): start it, or name another with --url") from error


def _state_of(row: dict[str, Any]) -> str:
    if not row["watched"]:
        return "not watched"
    alarms = ", ".join(alarm["code"] for alarm in row["alarms"])
    return alarms or ("ok" if row["reachable"] else row["error"] or "unreachable")


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be: no value is ever cut, so that it can be copied."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _number(value: object) -> str:
    return str(int(value, 16)) if isinstance(value, str) and value.startswith("0x") else "-"
