"""A chain that was made elsewhere, in a data directory of ours: brought in, opened, written out again.

``genesis.json`` is kept beside the state and the store, so that the directory is all that serving needs.
"""

import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rollup.core.block import Block
from rollup.core.block_rlp import encode_block_rlp
from rollup.core.errors import BadConfig, BadDataDirectory, DiskFull, StoreCorrupted
from rollup.core.genesis import ChainGenesis
from rollup.core.ids import BlockNumber
from rollup.store.blocks import BlockStore
from rollup.store.store import open_store
from rollup.vm.engine import Engine
from rollup.vm.geth_genesis import read_geth_genesis
from rollup.vm.import_chain import replay_chain

BLOCKS_PER_READ = 64
BLOCKS_PER_WORD = 1_000


@dataclass(frozen=True, slots=True)
class ImportLayout:
    """Where the parts of a directory are; ``state`` and ``store`` as ``open_chain`` expects them."""

    root: Path

    @property
    def genesis(self) -> Path:
        return self.root / "genesis.json"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def store(self) -> Path:
        return self.root / "node"


@contextmanager
def open_offline(layout: ImportLayout, genesis: ChainGenesis) -> Iterator[tuple[Engine, BlockStore]]:
    """Engine and store in this process, level with each other. Raises BadDataDirectory, StoreCorrupted."""
    engine = Engine.open(layout.state, genesis)
    try:
        with open_store(layout.store, engine.head().genesis_hash) as store:
            _level(engine, store.blocks)
            yield engine, store.blocks
    finally:
        engine.close()


def _level(engine: Engine, blocks: BlockStore) -> None:
    """The engine commits first: after a kill it holds a block more."""
    held = blocks.head_number()
    first = BlockNumber(0 if held is None else held + 1)
    while first <= engine.head().header.number:
        for block in engine.read_blocks(first, BLOCKS_PER_READ):
            blocks.append_block(block)
            first = BlockNumber(block.header.number + 1)


def import_chain(genesis_path: Path, chain_path: Path, data: Path, say: Callable[[str], None]) -> int:
    """Verify and keep every block of ``chain_path``; the number of the last one held.

    Raises InvalidBlock (which names the first difference; the blocks before it stay), BadConfig, BadDataDirectory.
    """
    genesis = read_geth_genesis(genesis_path)
    with (
        _mapped(chain_path) as chain,
        open_offline(_claim(ImportLayout(data), genesis_path), genesis) as (engine, blocks),
    ):
        for block in replay_chain(engine, chain):
            blocks.append_block(block)
            if block.header.number % BLOCKS_PER_WORD == 0:
                say(f"block {block.header.number}")
        head = engine.head().header
    say(f"block {head.number} 0x{head.hash.hex()}, every root verified")
    return head.number


def _claim(layout: ImportLayout, genesis_path: Path) -> ImportLayout:
    """Keep the genesis in the directory; another one that is there already keeps it from being used."""
    document = genesis_path.read_bytes()
    try:
        layout.root.mkdir(parents=True, exist_ok=True)
        if not layout.genesis.exists():
            if any(layout.root.iterdir()):
                raise BadDataDirectory(f"{layout.root} holds something else: choose an empty --data directory")
            layout.genesis.write_bytes(document)
    except OSError as error:
        raise BadDataDirectory(f"{layout.root}: {error.strerror}: choose another --data directory") from error
    return layout


@contextmanager
def _mapped(path: Path) -> Iterator[bytes]:
    """A file's bytes, however long it is. Raises BadConfig."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                yield view  # type: ignore[misc]  # it is sliced and indexed, as bytes are
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}") from error


def read_import(data: Path) -> tuple[ImportLayout, ChainGenesis]:
    """The genesis of a directory that ``import_chain`` made. Raises BadDataDirectory."""
    layout = ImportLayout(data)
    if not layout.genesis.exists():
        raise BadDataDirectory(f"{data} holds no imported chain: use entresol import first")
    return layout, read_geth_genesis(layout.genesis)


def export_chain(data: Path, chain_path: Path) -> int:
    """Write every block after block 0, as it came in; how many. Raises BadDataDirectory, DiskFull."""
    layout, genesis = read_import(data)
    with open_offline(layout, genesis) as (engine, blocks):
        head = engine.head().header.number
        try:
            with chain_path.open("wb") as file:
                file.writelines(encode_block_rlp(_held(blocks, BlockNumber(number))) for number in range(1, head + 1))
        except OSError as error:
            raise DiskFull(f"{chain_path} cannot be written: {error.strerror}") from error
    return head


def _held(blocks: BlockStore, number: BlockNumber) -> Block:
    block = blocks.block(number)
    if block is None:
        raise StoreCorrupted(f"block {number} is missing: import the chain again")
    return block
