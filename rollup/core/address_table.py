"""Which addresses a batch must spell out, and which follow from its signatures.

A sender is not in the data: it is recovered from a transaction's signature. Where a recipient (or an address in call
data) has itself sent a transaction of the batch, the reader can therefore find it without its 20 bytes. The table holds
the *literals* first, then the senders of the transactions in the order in which they can be rebuilt: whenever all
addresses of a transaction stand in the table, its sender joins; of several such transactions the earliest goes first.
Addresses that wait for each other in a circle are broken up by making one of them a literal.
"""

import heapq
from collections.abc import Collection, Iterable, Sequence
from typing import Generic, TypeVar

from rollup.core.ids import Address

Key = TypeVar("Key", Address, int)


class RebuildOrder(Generic[Key]):
    """Tells which transaction can be rebuilt next. A key is an address (to a writer) or its place (to a reader)."""

    def __init__(self, wants: Sequence[Collection[Key]]) -> None:
        self._missing: list[set[Key]] = [set(keys) for keys in wants]
        self._waiting: dict[Key, list[int]] = {}
        for index, keys in enumerate(self._missing):
            for key in keys:
                self._waiting.setdefault(key, []).append(index)
        self._ready = [index for index, keys in enumerate(self._missing) if not keys]

    def know(self, key: Key) -> None:
        """A key is in the table now."""
        for index in self._waiting.pop(key, ()):
            self._missing[index].discard(key)
            if not self._missing[index]:
                heapq.heappush(self._ready, index)

    def take(self) -> int | None:
        """The earliest transaction that lacks nothing, each once; None when all that are left lack something."""
        return heapq.heappop(self._ready) if self._ready else None

    def missing(self, index: int) -> set[Key]:
        """What a transaction still lacks."""
        return self._missing[index]


def choose_literals(wants: Sequence[Sequence[Address]], senders: Sequence[Address | None]) -> set[Address]:
    """Addresses to spell out: those of nobody who sends in the batch, and one of every circle."""
    first_sent = {sender: index for index, sender in reversed(list(enumerate(senders))) if sender is not None}
    literals = {address for addresses in wants for address in addresses if address not in first_sent}
    order = RebuildOrder[Address](wants)
    for address in literals:
        order.know(address)
    known = set(literals)
    _settle(order, senders, known)
    for index in range(len(wants)):
        while order.missing(index):
            literal = _find_circle(order, wants, first_sent, index)
            literals.add(literal)
            known.add(literal)
            order.know(literal)
            _settle(order, senders, known)
    return literals


def _settle(order: RebuildOrder[Address], senders: Sequence[Address | None], known: set[Address]) -> None:
    while (index := order.take()) is not None:
        sender = senders[index]
        if sender is not None and sender not in known:
            known.add(sender)
            order.know(sender)


def _find_circle(
    order: RebuildOrder[Address], wants: Sequence[Sequence[Address]], first_sent: dict[Address, int], index: int
) -> Address:
    """Follow what is missing, from a transaction to the first that its missing address sent, until it comes round."""
    seen: set[Address] = set()
    while True:
        address = next(want for want in wants[index] if want in order.missing(index))
        if address in seen:
            return address
        seen.add(address)
        index = first_sent[address]


def index_addresses(
    literals: Iterable[Address], wants: Sequence[Sequence[Address]], senders: Sequence[Address | None]
) -> dict[Address, int]:
    """The whole table, as a writer sees it: the place of every address."""
    table = {address: place for place, address in enumerate(literals)}
    order = RebuildOrder[Address](wants)
    for address in table:
        order.know(address)
    while (index := order.take()) is not None:
        sender = senders[index]
        if sender is not None and sender not in table:
            table[sender] = len(table)
            order.know(sender)
    return table
