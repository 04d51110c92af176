"""What an operator may tune about the virtual machine process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VmSettings:
    """Bounds, each with the reason that it has.

    ``call_share`` is the part of the wall time that calls and estimates get while blocks wait to be executed; cheap
    reads are answered at once whatever it says. The ``_max`` counts are requests in flight: beyond them a caller gets
    Overloaded (questions) or ExecutorBusy (commands) instead of a longer queue.
    """

    call_time_max_s: float = 1.0
    call_gas_max: int = 50_000_000
    call_share: float = 0.25
    reads_max: int = 2048
    calls_max: int = 64
    commands_max: int = 8
    start_time_max_s: float = 60.0
    stop_time_max_s: float = 1.5
