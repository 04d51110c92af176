"""Watches one ledger: where its head is, what it took back, which postings it carries.

Knows blocks and postings, not what they mean. The order of its reports is the contract of ``LedgerObserver``: a
posting is reported once per branch, and never from a block that was already taken back when it was read.
"""

import asyncio
import random
import time
from collections.abc import Callable

from rollup.core.errors import LedgerReorged, LedgerUnavailable, Rejected, Transient, UnknownBlock
from rollup.core.genesis import LedgerSpec
from rollup.core.ledger import Ledger, LedgerBlock, LedgerHead
from rollup.settlement.ports import LedgerObserver
from rollup.settlement.recent_blocks import RecentBlocks
from rollup.settlement.settings import WatchSettings


class Watcher:
    """``run`` never returns. Failures of the ledger's node are its own business: it backs off, reports a lasting loss
    once, and goes on by itself."""

    def __init__(
        self,
        spec: LedgerSpec,
        ledger: Ledger,
        observers: tuple[LedgerObserver, ...],
        settings: WatchSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The first observer keeps the position; all of them hear everything."""
        self._spec = spec
        self._ledger = ledger
        self._observers = observers
        self._settings = settings
        self._clock = clock
        self._recent = RecentBlocks()
        self._finalized: LedgerBlock | None = None
        self._head_height = -1
        self._is_started = False
        self._reported = (-1, -1)
        self._is_reached: bool | None = None
        self._failing_since: float | None = None
        self._failures = 0

    async def run(self) -> None:
        while True:
            delay_s = await self._poll_once()
            await asyncio.sleep(delay_s)

    async def _poll_once(self) -> float:
        """One look at the ledger; returns the seconds to wait before the next."""
        try:
            has_moved = await self.poll()
        except (LedgerReorged, UnknownBlock):
            # the branch changed between two reads: the next look sees the new one
            return self._settings.quick_interval_s
        except (Transient, Rejected) as error:
            return await self._note_failure(str(error) or type(error).__name__)
        return self._settings.quick_interval_s if has_moved else self._settings.poll_interval_s

    async def poll(self) -> bool:
        """Read what is new and report it. Returns whether anything was. Raises what the ledger raises."""
        if not self._is_started:
            await self._resume()
        head = await self._ledger.read_head()
        await self._note_success()
        await self._take_back(head)
        has_moved = head.block.height > self._scanned_height()
        while self._scanned_height() < head.block.height:
            await self._scan_next(head)
        if not has_moved:
            has_moved = await self._report(head)
        return has_moved

    async def _resume(self) -> None:
        """Go on from the observer's position, if the ledger still has it; else everything is read again."""
        position = await self._observers[0].read_position(self._spec.index)
        if position is not None:
            known = await self._read_known(position.height)
            if known.hash == position.hash:
                self._recent.append(known)
                self._finalized = known
            else:
                await self._tell_reorged(self._spec.start_height - 1)
        self._is_started = True

    async def _read_known(self, height: int) -> LedgerBlock:
        """A node without a block that was final once is behind, or serves a chain that was begun anew: no branch that
        changed between two reads, but a loss that an operator must hear of."""
        try:
            return await self._ledger.read_block(height)
        except UnknownBlock as error:
            raise LedgerUnavailable(f"the node does not have block {height}, once final: is it syncing?") from error

    def _scanned_height(self) -> int:
        top = self._recent.top
        return top.height if top is not None else self._spec.start_height - 1

    async def _take_back(self, head: LedgerHead) -> None:
        """Find the highest block that we and the ledger share; report what lies above it as gone."""
        scanned = self._scanned_height()
        for block in self._recent.downwards():
            if await self._is_canonical(block, head):
                break
            self._recent.pop()
        shared = self._scanned_height()
        if shared < scanned:
            if self._finalized is not None and self._finalized.height > shared:
                self._finalized = None
            await self._tell_reorged(shared)

    async def _is_canonical(self, block: LedgerBlock, head: LedgerHead) -> bool:
        if block.height == head.block.height:
            return block.hash == head.block.hash
        if block.height + 1 == head.block.height:
            return block.hash == head.block.parent_hash
        if block.height < head.block.height:
            return (await self._ledger.read_block(block.height)).hash == block.hash
        # the node may only be behind: a shorter chain contradicts us where it has another block, not where it ends
        shared = self._recent.find(head.block.height)
        return shared is not None and shared.hash == head.block.hash

    async def _scan_next(self, head: LedgerHead) -> None:
        """Read one stretch of blocks and report it."""
        first = self._scanned_height() + 1
        last = min(head.block.height, first + self._settings.range_max - 1)
        postings = await self._ledger.read_postings(first, last)
        lowest = max(first, min(last, head.finalized_height - self._settings.history_blocks))
        read = [
            head.block if height == head.block.height else await self._ledger.read_block(height)
            for height in range(lowest, last + 1)
        ]
        hashes = {block.height: block.hash for block in read}
        if any(hashes.get(posting.height, posting.block_hash) != posting.block_hash for posting in postings):
            raise LedgerReorged("postings were read from another branch")
        before = self._recent.top
        try:
            for block in read:
                self._recent.append(block)
        except LedgerReorged:
            self._recent.cut_above(before.height if before else -1)
            raise
        for posting in postings:
            for observer in self._observers:
                await observer.on_posting(self._spec.index, posting)
        await self._report(head)

    async def _report(self, head: LedgerHead) -> bool:
        """Tell how far we are, if that is news: after a stretch, or when only finality moved."""
        scanned = self._recent.top
        if scanned is None or head.block.height < scanned.height:
            return False  # nothing read, or the node is behind what another answer of it showed
        final_height = min(head.finalized_height, scanned.height)
        known = self._finalized.height if self._finalized else -1
        has_moved = final_height > known
        if has_moved:
            found = self._recent.find(final_height)
            self._finalized = found or await self._ledger.read_block(final_height)
            self._recent.forget_below(final_height - self._settings.history_blocks)
        if not has_moved and (scanned.height, head.block.height) == self._reported:
            return False
        self._reported = (scanned.height, head.block.height)
        for observer in self._observers:
            await observer.on_advanced(self._spec.index, scanned, self._finalized, head.block.height)
        return True

    async def _tell_reorged(self, to_height: int) -> None:
        self._reported = (-1, -1)
        for observer in self._observers:
            await observer.on_reorged(self._spec.index, to_height)

    async def _note_success(self) -> None:
        self._failing_since, self._failures = None, 0
        if self._is_reached is not True:
            self._is_reached = True
            for observer in self._observers:
                await observer.on_reached(self._spec.index)

    async def _note_failure(self, reason: str) -> float:
        """Seconds to wait: doubling, with jitter so that many watchers do not knock in step."""
        now = self._clock()
        self._failing_since = now if self._failing_since is None else self._failing_since
        self._failures += 1
        is_lasting = now - self._failing_since >= self._settings.alarm_after_s
        if is_lasting and self._is_reached is not False:
            self._is_reached = False
            for observer in self._observers:
                await observer.on_lost(self._spec.index, reason)
        delay = min(self._settings.quick_interval_s * 2.0 ** min(self._failures, 16), self._settings.backoff_max_s)
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
