"""A sequencer on the real virtual machine and the real store, for tests of the whole path."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pool_accounts import CHAIN_ID, ETHER, signer_of

from rollup.core.block import Block
from rollup.core.confirmation import SoftConfirmation
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount
from rollup.sequencer.block_builder import Signer
from rollup.sequencer.ports import SequencerPorts
from rollup.sequencer.sequencer import Sequencer
from rollup.sequencer.settings import BlockSettings, SequencerSettings
from rollup.sequencer.standalone import NoBacklog, NoInputs
from rollup.store.store import Store, open_store
from rollup.vm.client import VmClient, open_vm

START = 1_800_000_000
GENESIS = ChainGenesis(
    ChainRule(CHAIN_ID), START, tuple((signer_of(index), GenesisAccount(100 * ETHER)) for index in range(4))
)
SIGNER = Signer(rollup_id=7, private_key=b"\x77" * 32)
PROMPT = SequencerSettings(block=BlockSettings(block_interval_s=0.02, idle_block_interval_s=600.0))
WAIT_S = 20.0


@dataclass
class Heard:
    """What the sequencer announced; tests wait on it."""

    blocks: list[Block] = field(default_factory=list)
    confirmations: list[SoftConfirmation | None] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_block(self, block: Block, confirmation: SoftConfirmation | None) -> None:
        self.blocks.append(block)
        self.confirmations.append(confirmation)
        self.changed.set()

    async def until(self, condition: Callable[["Heard"], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()

    @property
    def included(self) -> list[bytes]:
        return [raw for block in self.blocks for raw in block.transactions]


@dataclass
class FixedInputs:
    """Ledger input that a test put there; fits LedgerInputs."""

    cursors: tuple[Cursor, ...] = ()
    messages: tuple[LedgerMessage, ...] = ()

    def peek(self) -> tuple[tuple[Cursor, ...], tuple[LedgerMessage, ...]]:
        return self.cursors, self.messages

    def consume(self, cursors: tuple[Cursor, ...], messages: tuple[LedgerMessage, ...]) -> None:
        self.cursors = self.cursors[len(cursors) :]
        self.messages = self.messages[len(messages) :]


@dataclass
class Switch:
    """A backlog that a test fills and clears; fits Backlog."""

    full: bool = False

    def is_full(self) -> bool:
        return self.full


@dataclass
class Running:
    sequencer: Sequencer
    heard: Heard
    vm: VmClient
    store: Store

    async def submit_all(self, raws: Sequence[bytes]) -> list[bytes]:
        return list(await asyncio.gather(*[self.sequencer.submit(raw) for raw in raws]))


@asynccontextmanager
async def open_parts(directory: Path) -> AsyncIterator[tuple[VmClient, Store]]:
    async with open_vm(directory / "state", GENESIS) as vm:
        with open_store(directory / "store", (await vm.head()).genesis_hash) as store:
            yield vm, store


@asynccontextmanager
async def running(
    vm: VmClient,
    store: Store,
    settings: SequencerSettings = PROMPT,
    signer: Signer | None = SIGNER,
    **ports: object,
) -> AsyncIterator[Running]:
    """Start a sequencer over these parts, run it, and stop it at the end. ``ports`` replaces single ones."""
    heard = Heard()
    wired = SequencerPorts(vm, store.journal, store.blocks, NoInputs(), NoBacklog(), heard, lambda: START + 1.5)
    sequencer = Sequencer(replace(wired, **ports), GENESIS.rule, settings, signer)  # type: ignore[arg-type]
    await sequencer.start()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sequencer.run())
        yield Running(sequencer, heard, vm, store)
        task.cancel()
