"""One chain of ours: its engine and its store, level with each other (the rollup, or an embedded ledger)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rollup.core.block import Block
from rollup.core.errors import StoreCorrupted
from rollup.core.genesis import ChainGenesis
from rollup.core.ids import BlockNumber, Hash
from rollup.store.blocks import BlockStore
from rollup.store.store import Store, open_store
from rollup.vm.client import VmClient, open_vm
from rollup.vm.settings import VmSettings

BLOCKS_PER_READ = 64


@dataclass(frozen=True, slots=True)
class ChainParts:
    genesis: ChainGenesis
    genesis_hash: Hash
    vm: VmClient
    store: Store


@asynccontextmanager
async def open_chain(path: Path, genesis: ChainGenesis, settings: VmSettings) -> AsyncIterator[ChainParts]:
    """Engine under ``path/state``, store under ``path/node``. Raises BadDataDirectory, StoreCorrupted, VmCrashed."""
    async with open_vm(path / "state", genesis, settings) as vm:
        genesis_hash = (await vm.head()).genesis_hash
        with open_store(path / "node", genesis_hash) as store:
            await level_store(vm, store.blocks)
            yield ChainParts(genesis, genesis_hash, vm, store)


async def level_store(vm: VmClient, blocks: BlockStore) -> None:
    """The engine commits first, so that after a crash it may hold blocks that the store lacks; or, when a rewind was
    cut off, fewer than the store has."""
    header = (await vm.head()).header
    head, held = header.number, blocks.head_number()
    if held is None and head == 0:
        await asyncio.to_thread(blocks.append_block, Block(header, (), (), ()))
        return
    if held is not None and held > head:
        await asyncio.to_thread(blocks.rewind, head)
    first = BlockNumber(0 if held is None else held + 1)
    while first <= head:
        missing = await vm.read_blocks(first, BLOCKS_PER_READ)
        if not missing:
            raise StoreCorrupted(f"block {first} is neither in the store nor in the state: remove the data directory")
        for block in missing:
            await asyncio.to_thread(blocks.append_block, block)
        first = BlockNumber(missing[-1].header.number + 1)
