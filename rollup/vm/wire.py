"""What crosses the pipe between the node and the virtual machine process: pickled plain values, typed errors.

Requests are ``(id, method, arguments)``, answers ``(id, value)``, where a value may be a Failure. Both ends are the
same program, started together, so the pickles never come from elsewhere.
"""

import pickle
from dataclasses import dataclass
from typing import Any

from rollup.core import errors
from rollup.core.errors import Rejected, RollupError, VmCrashed

COMMANDS = frozenset({"execute_block", "rewind"})
READS = frozenset({"head", "read_blocks", "read_accounts", "read_code", "read_storage"})
CALLS = frozenset({"call", "estimate_gas"})

READY_ID = 0
STOP = (0, "stop", ())

Request = tuple[int, str, tuple[Any, ...]]
Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of core by the name of its class. ``text`` is what its constructor takes."""

    name: str
    text: str


def pack(message: Request | Answer) -> bytes:
    """One message as bytes."""
    return pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)


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
