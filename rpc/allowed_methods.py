"""Which methods a listener offers, by namespace or by name: ``eth``, ``eth_call``; ``*`` is everything it could."""

from collections.abc import Mapping
from typing import TypeVar

Offer = TypeVar("Offer")
EVERYTHING = "*"


def choose_methods(table: Mapping[str, Offer], allowed: tuple[str, ...]) -> dict[str, Offer]:
    """The part of the table that ``allowed`` names, in order."""
    if EVERYTHING in allowed:
        return dict(table)
    names = frozenset(allowed)
    return {name: offer for name, offer in table.items() if name in names or name.partition("_")[0] in names}
