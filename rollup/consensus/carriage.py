"""What a ledger carries in the eyes of consensus, for whoever must not believe a transaction's receipt alone."""

from rollup.consensus.labels import carried_number
from rollup.consensus.state import State, entry_at, view_of
from rollup.core.ids import BatchNumber, Hash


class CarriageBoard:
    """Filled by the driver after every event, read by posters."""

    def __init__(self) -> None:
        self._state: State | None = None

    def show(self, state: State) -> None:
        self._state = state

    def judge(self, ledger_index: int, number: BatchNumber, batch_hash: Hash, height: int) -> bool | None:
        """Does a posting at this height count? None: not read that far. False: it stands there and counts for nothing,
        because it is out of order, or of a batch that is not ours."""
        state = self._state
        if state is None:
            return None
        view, entry = view_of(state, ledger_index), entry_at(state, number)
        if height > view.height:
            return None
        if entry is None:
            return number < state.chain[0].number
        return entry.hash == batch_hash and carried_number(state, view, view.height) >= number
