"""Long answers are built in turns, so that nobody else waits more than a few milliseconds for the event loop."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from rpc.json_codec import encode_json

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


async def encode_in_turns(items: Iterable[Item], build: Callable[[Item], object], turn_items: int) -> bytes:
    """The JSON array of what ``build`` makes of the items; encoded piece by piece, as encoding takes time, too."""
    return b"[" + b",".join(await build_in_turns(items, lambda item: encode_json(build(item)), turn_items)) + b"]"
