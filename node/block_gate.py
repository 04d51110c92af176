"""Stops a chain's block production at a block boundary and lets it go on, while everything else keeps answering."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from rollup.core.block import Block
from rollup.core.execution import AccountState, BlockResult, BlockWork, ExecutorHead
from rollup.core.ids import Address, BlockNumber
from rollup.vm.client import VmClient


class BlockGate:
    """Fits the sequencer's port Executor in front of the engine. Open at first."""

    def __init__(self, vm: VmClient, clock: Callable[[], float]) -> None:
        self._vm = vm
        self._clock = clock
        self._open = asyncio.Event()
        self._open.set()

    def close(self) -> None:
        """A block in hand is still sealed."""
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def execute_block(self, work: BlockWork) -> BlockResult:
        """Waits while closed; the block is then stamped with the time at which it is sealed."""
        if not self._open.is_set():
            await self._open.wait()
            work = replace(work, timestamp=max(work.timestamp, int(self._clock())))
        return await self._vm.execute_block(work)

    async def head(self) -> ExecutorHead:
        return await self._vm.head()

    async def read_blocks(self, first: BlockNumber, count_max: int) -> tuple[Block, ...]:
        return await self._vm.read_blocks(first, count_max)

    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None = None
    ) -> tuple[AccountState, ...]:
        return await self._vm.read_accounts(addresses, block)

    async def read_code(self, address: Address, block: BlockNumber | None = None) -> bytes:
        return await self._vm.read_code(address, block)
