"""The live status in the terminal, and the plain lines where the output is no terminal."""

import asyncio
import sys
import time
from collections.abc import Callable

import structlog
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from node.snapshot import Snapshot
from rollup.core.heads import LedgerStatus

REFRESH_S = 0.5
LINE_INTERVAL_S = 5.0
LEDGER_CHARACTERS = 17

log = structlog.get_logger("status")


async def show_status(take: Callable[[], Snapshot], title: str) -> None:
    """Draw for ever: a live panel on a terminal, a log line now and then elsewhere."""
    if sys.stderr.isatty():
        with Live(draw_snapshot(take(), title), console=Console(stderr=True), refresh_per_second=4) as live:
            while True:
                await asyncio.sleep(REFRESH_S)
                live.update(draw_snapshot(take(), title))
    while True:
        await asyncio.sleep(LINE_INTERVAL_S)
        log_snapshot(take())


def log_snapshot(snapshot: Snapshot) -> None:
    """One line that a person or a log collector can read."""
    heads = snapshot.heads
    log.info(
        "heads",
        head=heads.unsafe,
        safe=heads.safe,
        finalized=heads.finalized,
        attested=heads.attested,
        batch=snapshot.last_batch,
        transactions=snapshot.transactions,
        per_s=round(snapshot.transactions_per_s, 1),
        pool=snapshot.pool_depth,
        ledgers=" ".join(f"{row.spec.ledger_id}@{row.height}#{row.last_batch_final}" for row in snapshot.ledgers),
    )
    for alarm in snapshot.alarms:
        log.warning("alarm", code=alarm.code, why=alarm.message)


def draw_snapshot(snapshot: Snapshot, title: str) -> Panel:
    """Heads and rates above, a row for each ledger, the first alarms below."""
    heads = snapshot.heads
    summary = Text.assemble(
        ("head ", "dim"), (f"{heads.unsafe}  ", "bold"),
        ("safe ", "dim"), (f"{heads.safe}  ", "bold yellow"),
        ("finalized ", "dim"), (f"{heads.finalized}  ", "bold green"),
        ("attested ", "dim"), (f"{heads.attested}   ", "bold cyan"),
        ("batch ", "dim"), (f"{snapshot.last_batch}  ", "bold"),
        ("txs ", "dim"), (f"{snapshot.transactions}  ", "bold"),
        ("tx/s ", "dim"), (f"{snapshot.transactions_per_s:.1f}  ", "bold"),
        ("pool ", "dim"), (str(snapshot.pool_depth), "bold"),
    )  # fmt: skip
    parts: list[RenderableType] = [summary, _draw_ledgers(snapshot)]
    parts += [Text(f"! {alarm.code}: {alarm.message}", style="bold red") for alarm in snapshot.alarms[:5]]
    return Panel(Group(*parts), title=title, subtitle="Ctrl-C to stop")


def _draw_ledgers(snapshot: Snapshot) -> Table:
    table = Table(expand=True)
    table.add_column("ledger", no_wrap=True, min_width=LEDGER_CHARACTERS)
    for heading in ("role", "height", "final", "posted", "settled", "conf", "outbox", "state"):
        table.add_column(heading)
    for row in snapshot.ledgers:
        table.add_row(
            _shortened(row.spec.ledger_id),
            row.spec.role.value,
            str(row.height),
            str(row.finalized_height),
            str(row.last_batch_seen),
            str(row.last_batch_final),
            str(row.confirmations),
            str(row.outbox_depth),
            _state_of(row, snapshot.taken_at),
        )
    return table


def _shortened(ledger_id: str) -> str:
    return ledger_id if len(ledger_id) <= LEDGER_CHARACTERS else ledger_id[: LEDGER_CHARACTERS - 1] + "…"


def _state_of(row: LedgerStatus, now: float) -> Text:
    if row.alarms:
        return Text(row.alarms[0].code, style="bold red")
    if not row.watched:
        return Text("not watched", style="dim")
    if not row.reachable:
        return Text(row.error or "unreachable", style="red")
    return Text(f"ok, {max(now - row.last_seen_at, 0.0):.0f} s ago", style="green")


def clock() -> float:
    """Seconds since the epoch: the one place where the process reads it for its parts."""
    return time.time()
