"""What bounds one transaction beside its gas: deterministic work units, and a sequencer's wall clock (ADR 0005).

Gas is Ethereum's price list; the time that an instruction takes here is not always in proportion to it. *Work* is our
own: a unit is about a microsecond on the reference machine, and it is charged before a slow operation runs, from the
size of its input alone, so that every node charges the same.
"""

import time
from dataclasses import dataclass, field
from typing import Protocol, cast

from rollup.core.errors import ExecutionTooLong
from rollup.vm.jumps import without_pushes

CODE_BYTES_PER_WORK = 8


class WorkExhausted(Exception):
    """The top-level transaction fails with all of its gas. Not a VMError: no frame on the way may catch it."""


@dataclass(slots=True)
class WorkMeter:
    """One per top-level transaction or call, shared by all of its frames."""

    work_left: int
    deadline: float | None = None
    _analysed: dict[bytes, bytes] = field(default_factory=dict)

    def charge(self, work: int) -> None:
        """Account for an operation that is about to run. Raises WorkExhausted."""
        self.work_left -= work
        if self.work_left < 0:
            raise WorkExhausted

    def destinations(self, code: bytes) -> bytes:
        """``without_pushes`` of a code, charged once per transaction and code, whatever is remembered from before: a
        warm call costs 100 gas, the analysis of a large code milliseconds. Raises WorkExhausted."""
        known = self._analysed.get(code)
        if known is None:
            self.charge(len(code) // CODE_BYTES_PER_WORK)
            known = self._analysed[code] = without_pushes(code)
        return known

    def check_deadline(self) -> None:
        """Raises ExecutionTooLong past the deadline. Its place among the instructions must not matter: whoever meets
        it takes back the whole transaction."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise ExecutionTooLong


class Metered(Protocol):
    """What runs under a meter."""

    meter: WorkMeter


def metered(computation: object) -> WorkMeter:
    """The meter of a frame whose class py-evm's signatures hide."""
    return cast(Metered, computation).meter
