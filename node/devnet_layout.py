"""Where a devnet keeps its things, and what of it must be the same at every start."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rollup.core.errors import BadDataDirectory

MARK_FORMAT = 1
DRAFT = "devnet.new"
CHAIN_ID = 0x454E5452
"""ASCII "ENTR". The embedded ledgers take the ids after it."""


@dataclass(frozen=True, slots=True)
class DevnetShape:
    """How many ledgers of each kind, and when everything began (seconds since the epoch)."""

    evm_ledgers: int
    memory_ledgers: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class DevnetLayout:
    root: Path

    @property
    def mark(self) -> Path:
        return self.root / "devnet.json"

    @property
    def genesis(self) -> Path:
        return self.root / "rollup.json"

    @property
    def follower_config(self) -> Path:
        return self.root / "follower.toml"

    @property
    def node(self) -> Path:
        return self.root / "rollup"

    def key(self, name: str) -> Path:
        return self.root / "keys" / f"{name}.key"

    def ledger(self, index: int) -> Path:
        return self.root / "ledgers" / str(index)


def open_layout(root: Path, evm_ledgers: int, memory_ledgers: int) -> tuple[DevnetLayout, DevnetShape]:
    """A new devnet's directory, or the one of an earlier start. Raises BadDataDirectory when it is not ours, not
    writable, or of another shape."""
    layout = DevnetLayout(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        found = layout.mark.exists()
        is_foreign = not found and any(path.name != DRAFT for path in root.iterdir())
    except OSError as error:
        raise BadDataDirectory(f"{root}: {error.strerror}: choose another --data directory") from error
    if is_foreign:
        raise BadDataDirectory(f"{root} holds something else: choose an empty --data directory")
    if not os.access(root, os.W_OK | os.X_OK):
        raise BadDataDirectory(f"{root} is not writable: choose another --data directory")
    if not found:
        shape = DevnetShape(evm_ledgers, memory_ledgers, int(time.time()))
        _write_mark(layout.mark, shape)
        return layout, shape
    shape = _read_mark(layout.mark)
    if (shape.evm_ledgers, shape.memory_ledgers) != (evm_ledgers, memory_ledgers):
        raise BadDataDirectory(
            f"{root} has {shape.evm_ledgers} EVM and {shape.memory_ledgers} memory ledgers: "
            f"start with the same counts, or choose another --data directory"
        )
    return layout, shape


def _write_mark(path: Path, shape: DevnetShape) -> None:
    draft = path.with_name(DRAFT)
    try:
        draft.write_text(json.dumps({"format": MARK_FORMAT, **asdict(shape)}) + "\n")
        draft.replace(path)
    except OSError as error:
        raise BadDataDirectory(f"cannot write {path}: {error.strerror}") from error


def _read_mark(path: Path) -> DevnetShape:
    try:
        document = json.loads(path.read_bytes())
        if document.pop("format") != MARK_FORMAT:
            raise BadDataDirectory(f"{path} was written by another version: choose another --data directory")
        return DevnetShape(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadDataDirectory(f"{path} is damaged: choose another --data directory") from error
