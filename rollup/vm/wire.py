"""What crosses the pipe between the node and the virtual machine process: pickled plain values, typed errors.

Requests are ``(id, method, arguments)``, answers ``(id, value)``, where a value may be a Failure. Both ends are the
same program, started together, so the pickles never come from elsewhere.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields
from io import BytesIO
from operator import attrgetter
from typing import Any

from rollup.core import errors
from rollup.core.block import Block, BlockHeader, Log, Receipt
from rollup.core.errors import Rejected, RollupError, VmCrashed
from rollup.core.execution import AccountState, BlockResult, BlockWork, Candidate

COMMANDS = frozenset({"execute_block", "rewind"})
READS = frozenset({"head", "read_blocks", "read_accounts", "read_code", "read_storage"})
CALLS = frozenset(
    {
        "call",
        "estimate_gas",
        "create_access_list",
        "simulate",
        "build_payload",
        "read_slots",
        "read_storage_range",
        "read_proof",
        "trace_block",
        "trace_call",
    }
)

READY_ID = 0
STOP = (0, "stop", ())

Request = tuple[int, str, tuple[Any, ...]]
Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of core by the name of its class. ``text`` is what its constructor takes."""

    name: str
    text: str


def _reducer(kind: type) -> Callable[[Any], tuple[type, tuple[Any, ...]]]:
    read_fields = attrgetter(*(each.name for each in fields(kind)))
    return lambda value: (kind, read_fields(value))


_CROSSING: tuple[type, ...] = (Block, BlockHeader, Receipt, Log, AccountState, BlockResult, BlockWork, Candidate)
_REDUCERS: dict[type, Callable[[Any], Any]] = {kind: _reducer(kind) for kind in _CROSSING}
"""A slotted frozen dataclass pickles through Python code per object; through its constructor it takes a third."""


def pack(message: Request | Answer) -> bytes:
    """One message as bytes."""
    buffer = BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(message)
    return buffer.getvalue()


def unpack(data: bytes) -> Any:
    """Inverse of pack."""
    return pickle.loads(data)  # noqa: S301 - both ends are this program


def describe_error(error: RollupError) -> Failure:
    """An error as a value."""
    return Failure(type(error).__name__, error.detail if isinstance(error, Rejected) else str(error))


def build_error(failure: Failure) -> RollupError:
    """Inverse of describe_error."""
    kind = getattr(errors, failure.name, None)
    if isinstance(kind, type) and issubclass(kind, RollupError):
        return kind(failure.text)
    return VmCrashed(f"{failure.name}: {failure.text}")
