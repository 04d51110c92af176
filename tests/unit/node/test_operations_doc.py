"""docs/operations.md says what the code does: every key with its default, every metric, alarm and exit code."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from node import __main__ as command
from node.commands.chain import EXIT_BAD_DATA
from node.config import LedgerSection, NodeConfig
from node.stop_request import FORCED_EXIT_CODE, HUNG_EXIT_CODE
from rollup.consensus import machine
from rollup.core import errors
from rollup.settlement import poster
from rpc.metrics import Metrics

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Cells of the table whose heading begins like this."""
    _, _, rest = TEXT.partition(f"\n| {heading} |")
    assert rest, heading
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted name and default of every key; a default that is required is PydanticUndefined."""
    for name, field in model.model_fields.items():
        default = field.default
        if name == "ledgers":
            yield from keys_of(LedgerSection, "ledgers.")
        elif isinstance(default, BaseModel):
            yield from keys_of(type(default), f"{name}.")
        else:
            yield f"{prefix}{name}", default


def plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def read_defaults(cell: str, count: int) -> list[object]:
    """One for each of ``count`` keys; one that stands alone is for all."""
    values = {"required": PydanticUndefined, "none": None}
    texts = re.findall(r"`([^`]+)`", cell) or [cell]
    found = [values[text] if text in values else tomllib.loads(f"value = {text}")["value"] for text in texts]
    return found * count if len(found) == 1 else found


def test_every_key_is_described_with_its_default() -> None:
    described: dict[str, object] = {}
    for cell, defaults, _ in rows("key"):
        names = re.findall(r"`([^`]+)`", cell)
        described |= dict(zip(names, read_defaults(defaults, len(names)), strict=True))
    assert described == {name: plain(default) for name, default in keys_of(NodeConfig)}


def test_every_metric_is_described() -> None:
    described = {name for names, *_ in rows("metric") for name in re.findall(r"`(\w+)`", names)}
    families = {
        f"{family.name}_total" if family.type == "counter" else family.name for family in Metrics().registry.collect()
    }
    assert described == families


def test_every_alarm_is_described() -> None:
    described = {cells[0].strip("`* ") for cells in rows("code")}
    raised = set()
    for module in (machine, poster):
        source = Path(module.__file__ or "").read_text()
        names = re.findall(r"(?:RaiseAlarm|raise_alarm)\(\s*([A-Z_]+)|_report\(\w+, ([A-Z_]+),", source)
        raised |= {getattr(module, first or second) for first, second in names}
    assert described == raised


def test_every_exit_code_is_described() -> None:
    described = {int(code) for code, *_ in rows("exit code")}
    fatal = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Fatal)
    }
    usual = {command.EXIT_USAGE, command.EXIT_NOT_FOUND, command.EXIT_TRY_AGAIN, command.EXIT_INTERRUPTED}
    assert described == {0, EXIT_BAD_DATA, FORCED_EXIT_CODE, HUNG_EXIT_CODE} | fatal | usual
