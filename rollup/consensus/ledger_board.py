"""What an operator sees of every ledger, kept beside the machine: times, tips, transaction ids, errors."""

from dataclasses import dataclass, replace

from rollup.consensus.alarm_book import AlarmBook
from rollup.consensus.labels import carried_number
from rollup.consensus.state import LedgerView, State
from rollup.core.heads import LedgerStatus
from rollup.core.ids import BatchNumber, Hash
from rollup.core.ledger import SeenPosting


@dataclass(frozen=True, slots=True)
class _Glance:
    is_reachable: bool = False
    head: int = -1
    seen_at: float = 0.0
    error: str = ""
    posting: SeenPosting | None = None


class LedgerBoard:
    """Times are seconds since the epoch, handed in by the caller."""

    def __init__(self) -> None:
        self._glances: dict[int, _Glance] = {}

    def on_head(self, ledger_index: int, head: int, now: float) -> None:
        known = self._glance(ledger_index)
        self._glances[ledger_index] = replace(known, is_reachable=True, head=head, seen_at=now, error="")

    def on_reached(self, ledger_index: int, now: float) -> None:
        self._glances[ledger_index] = replace(self._glance(ledger_index), is_reachable=True, seen_at=now, error="")

    def on_lost(self, ledger_index: int, reason: str) -> None:
        self._glances[ledger_index] = replace(self._glance(ledger_index), is_reachable=False, error=reason)

    def on_counted(self, ledger_index: int, posting: SeenPosting) -> None:
        """A posting of our chain was found; the highest batch is shown."""
        known = self._glance(ledger_index)
        if known.posting is None or posting.batch_number >= known.posting.batch_number:
            self._glances[ledger_index] = replace(known, posting=posting)

    def on_reorged(self, ledger_index: int, to_height: int) -> None:
        known = self._glance(ledger_index)
        if known.posting is not None and known.posting.height > to_height:
            self._glances[ledger_index] = replace(known, posting=None)

    def statuses(self, state: State, alarms: AlarmBook, depths: dict[int, int]) -> tuple[LedgerStatus, ...]:
        return tuple(self._status(state, view, alarms, depths.get(view.index, 0)) for view in state.ledgers)

    def _status(self, state: State, view: LedgerView, alarms: AlarmBook, depth: int) -> LedgerStatus:
        glance = self._glance(view.index)
        posting = glance.posting
        return LedgerStatus(
            spec=view.spec,
            reachable=glance.is_reachable,
            height=max(glance.head, view.height),
            finalized_height=view.finalized_height,
            last_seen_at=glance.seen_at,
            last_batch_seen=_at_most(state, carried_number(state, view, view.height)),
            last_batch_final=_at_most(state, carried_number(state, view, view.finalized_height)),
            last_tx_id=Hash(posting.tx_id) if posting is not None else None,
            confirmations=max(glance.head - posting.height + 1, 0) if posting is not None else 0,
            outbox_depth=depth,
            error=glance.error,
            alarms=alarms.alarms(view.index),
            watched=int(view.index) in state.settings.watched,
        )

    def _glance(self, ledger_index: int) -> _Glance:
        return self._glances.get(ledger_index, _Glance())


def _at_most(state: State, number: BatchNumber) -> BatchNumber:
    return min(number, state.chain[-1].number)
