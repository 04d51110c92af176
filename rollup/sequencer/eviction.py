"""Who leaves a full pool: the cheapest tail of any sender, queued ones before pending ones.

Only tails leave, so that no sender's run of nonces is broken in the middle. Pure.
"""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from rollup.core.ids import Address
from rollup.sequencer.sender_queue import PooledTransaction, SenderQueue

Entry = tuple[tuple[int, int, int], Address]
SLACK = 1_024


class EvictionOrder:
    """Two heaps of tails, cheapest first, with stale entries left in until they surface or outnumber the live ones."""

    __slots__ = ("_pending", "_queued", "_senders")

    def __init__(self, senders: Mapping[Address, SenderQueue]) -> None:
        self._senders = senders
        self._pending: list[Entry] = []
        self._queued: list[Entry] = []

    def note(self, sender: SenderQueue) -> None:
        """The sender's transactions changed: see that its tail is listed where it now belongs."""
        if not sender:
            sender.listed = None
            return
        listing = (sender.is_tail_pending, sender.tail.worth)
        if sender.listed == listing:
            return
        sender.listed = listing
        heap = self._pending if listing[0] else self._queued
        heappush(heap, (listing[1], sender.address))
        if len(heap) > 2 * len(self._senders) + SLACK:
            self._compact(heap, pending=listing[0])

    def find_victim(self, newcomer: PooledTransaction, *, pending: bool) -> PooledTransaction | None:
        """What the newcomer may push out: for a pending one the cheapest queued tail, else a tail that is worth less.

        Never a transaction that the newcomer itself builds on.
        """
        queued = self._cheapest(self._queued, newcomer, pending=False)
        if queued is not None and (pending or queued.worth < newcomer.worth):
            return queued
        if not pending:
            return None
        cheapest = self._cheapest(self._pending, newcomer, pending=True)
        return cheapest if cheapest is not None and cheapest.worth < newcomer.worth else None

    def _cheapest(self, heap: list[Entry], newcomer: PooledTransaction, *, pending: bool) -> PooledTransaction | None:
        aside: Entry | None = None
        found: PooledTransaction | None = None
        while heap and found is None:
            tail = self._live_tail(heap[0], pending=pending)
            if tail is None:
                heappop(heap)
            elif tail.sender == newcomer.sender and tail.nonce < newcomer.nonce:
                aside = heappop(heap)
            else:
                found = tail
        if aside is not None:
            heappush(heap, aside)
        return found

    def _live_tail(self, entry: Entry, *, pending: bool) -> PooledTransaction | None:
        sender = self._senders.get(entry[1])
        if sender is None or sender.listed != (pending, entry[0]):
            return None
        return sender.tail

    def _compact(self, heap: list[Entry], *, pending: bool) -> None:
        heap[:] = {entry for entry in heap if self._live_tail(entry, pending=pending) is not None}
        heapify(heap)
