"""Long answers are built in turns, so that nobody else waits more than a few milliseconds for the event loop."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rpc.json_codec import Encoded, encode_json

Item = TypeVar("Item")
Built = TypeVar("Built")


async def build_in_turns(items: Iterable[Item], build: Callable[[Item], Built], turn_items: int) -> list[Built]:
    """``[build(item) for item in items]``, letting the loop go after every ``turn_items``."""
    built: list[Built] = []
    for item in items:
        built.append(build(item))
        if len(built) % turn_items == 0:
            await asyncio.sleep(0)
    return built


async def encode_in_turns(items: Iterable[Item], build: Callable[[Item], object], turn_items: int) -> Encoded:
    """The JSON array of what ``build`` makes of the items, a piece for every turn."""
    pieces: list[bytes] = []
    turn: list[bytes] = []
    for item in items:
        turn.append(encode_json(build(item)))
        if len(turn) == turn_items:
            pieces.append(b",".join(turn))
            turn = []
            await asyncio.sleep(0)
    if turn:
        pieces.append(b",".join(turn))
    return Encoded((b"[", *join_pieces(pieces), b"]"))


def join_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """With commas between them."""
    for number, piece in enumerate(pieces):
        if number:
            yield b","
        yield piece
