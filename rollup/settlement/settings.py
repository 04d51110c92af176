"""What an operator may turn on settlement. Wiring fills these from the configuration. Times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """``range_max`` bounds the blocks asked for at once; ``history_blocks`` is how many blocks below finality stay
    known, so that even a reorg past finality is measured."""

    poll_interval_s: float = 1.0
    quick_interval_s: float = 0.25
    range_max: int = 200
    history_blocks: int = 64
    backoff_max_s: float = 30.0
    alarm_after_s: float = 15.0


@dataclass(frozen=True, slots=True)
class PostSettings:
    """``bump_after_s`` is how long the first posting in line may wait before its fee is raised; ``failures_max`` is how
    often a ledger may refuse a posting before an operator is asked. On ledgers where a posting covers those before it
    (``may_skip``), a queue longer than ``skip_above`` is cut to its newest batch."""

    inflight_max: int = 4
    poll_interval_s: float = 1.0
    bump_after_s: float = 60.0
    failures_max: int = 5
    backoff_max_s: float = 30.0
    may_skip: bool = False
    skip_above: int = 64
