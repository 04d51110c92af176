"""What a tracer is told, and the bound on what it may keep.

A tracer sees one transaction: its start, frames as they are entered and left, instructions before they run and what
they cost, logs, its end. All of its methods may be left as they are.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from eth.exceptions import VMError

from rollup.core.block import Log
from rollup.core.errors import TraceTooLarge
from rollup.core.ids import Address
from rollup.core.tracing import TracePlace
from rollup.core.transaction import Authorization
from rollup.vm.fork import ChainState

TRACE_BYTES_MAX = 24 * 1024 * 1024


class WatchedFrame(Protocol):
    """What an instruction's observers may look at; nothing of it may be changed. ``refund`` is the counter of the whole
    transaction."""

    state: ChainState
    address: bytes
    stack: list[int]
    memory: bytearray
    gas: int
    return_data: bytes

    @property
    def depth(self) -> int: ...

    @property
    def refund(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TransactionStart:
    """``target`` is the recipient, or the address of the contract that is created. ``state`` is that before anything of
    the transaction happened."""

    state: ChainState
    sender: Address
    target: Address
    is_creation: bool
    gas: int
    authorizations: tuple[Authorization, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionEnd:
    """``gas_used`` is what was paid for."""

    state: ChainState
    gas_used: int
    status: int


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """A frame by geth's names for its kind (SELFDESTRUCT among them). ``depth`` is 0 at the top; ``value`` is None
    where a kind has none."""

    kind: str
    sender: bytes
    to: bytes
    input: bytes
    code: bytes
    gas: int
    value: int | None
    depth: int
    is_precompile: bool = False


@dataclass(frozen=True, slots=True)
class FrameExit:
    """``error`` is '' or geth's words."""

    output: bytes
    gas_used: int
    error: str


@dataclass(slots=True)
class TraceBudget:
    """Bytes that the answer may still take. Shared by all tracers of a request."""

    bytes_left: int = TRACE_BYTES_MAX

    def spend(self, size: int) -> None:
        """Raises TraceTooLarge."""
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise TraceTooLarge(f"over {TRACE_BYTES_MAX} bytes: ask for less (another tracer, or its options)")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """``place`` is None for calls; ``logs_before`` counts the logs of the block's earlier transactions."""

    place: TracePlace | None
    logs_before: int = 0
    budget: TraceBudget = field(default_factory=TraceBudget)


class Tracer:
    """Records nothing: geth's noopTracer."""

    def on_start(self, start: TransactionStart) -> None:
        """Before gas is bought."""

    def on_enter(self, entry: FrameEntry) -> None:
        """A frame begins, or would have begun."""

    def on_exit(self, exit_: FrameExit) -> None:
        """The frame entered last ends."""

    def on_step(self, frame: WatchedFrame, position: int, opcode: int) -> None:
        """Before an instruction runs."""

    def on_paid(self, frame: WatchedFrame, opcode: int, cost: int, fault: VMError | None) -> None:
        """After it ran, with the frames inside it; ``cost`` is what geth calls so: with the gas of a call that it
        makes, without that of a creation. A ``fault`` ends the frame."""

    def on_log(self, log: Log) -> None:
        """A log of the frame entered last."""

    def on_end(self, end: TransactionEnd) -> None:
        """After fees were settled."""

    def result(self) -> Any:
        """What orjson encodes."""
        return {}


class MuxTracer(Tracer):
    """Several tracers at once, by name."""

    def __init__(self, tracers: dict[str, Tracer]) -> None:
        self._tracers = tracers

    def on_start(self, start: TransactionStart) -> None:
        for tracer in self._tracers.values():
            tracer.on_start(start)

    def on_enter(self, entry: FrameEntry) -> None:
        for tracer in self._tracers.values():
            tracer.on_enter(entry)

    def on_exit(self, exit_: FrameExit) -> None:
        for tracer in self._tracers.values():
            tracer.on_exit(exit_)

    def on_step(self, frame: WatchedFrame, position: int, opcode: int) -> None:
        for tracer in self._tracers.values():
            tracer.on_step(frame, position, opcode)

    def on_paid(self, frame: WatchedFrame, opcode: int, cost: int, fault: VMError | None) -> None:
        for tracer in self._tracers.values():
            tracer.on_paid(frame, opcode, cost, fault)

    def on_log(self, log: Log) -> None:
        for tracer in self._tracers.values():
            tracer.on_log(log)

    def on_end(self, end: TransactionEnd) -> None:
        for tracer in self._tracers.values():
            tracer.on_end(end)

    def result(self) -> Any:
        return self.results()

    def results(self) -> dict[str, Any]:
        """By the tracers' names."""
        return {name: tracer.result() for name, tracer in self._tracers.items()}
