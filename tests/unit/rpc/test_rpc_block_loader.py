"""Blocks for answers: at once where they are held, else from a thread while everybody else goes on."""

import asyncio
import threading
from dataclasses import dataclass, field, replace

from made_chain import MadeChain, make_chain_ports, make_paying_block

from rollup.core.block import Block
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber, Hash
from rpc.block_loader import load_block, load_transaction
from rpc.block_refs import find_block
from rpc.scalars import BlockRef

BLOCKS = (make_paying_block(0, 7), make_paying_block(1, 7, (1, 21_000)))
WAIT_MAX_S = 10


@dataclass(frozen=True)
class ColdChain(MadeChain):
    """Holds nothing decoded; decodes when it is allowed to. Says in which thread."""

    allowed: threading.Event = field(default_factory=threading.Event)
    threads: list[str] = field(default_factory=list)
    place: tuple[BlockNumber, int] | None = None

    def held_block(self, number: BlockNumber) -> Block | None:
        return None

    def block(self, number: BlockNumber) -> Block | None:
        self.threads.append(threading.current_thread().name)
        assert self.allowed.wait(WAIT_MAX_S)
        return super().block(number)

    def find_transaction(self, transaction_hash: Hash) -> tuple[BlockNumber, int] | None:
        return self.place


async def test_a_held_block_comes_from_the_loop_itself() -> None:
    chain = MadeChain(BLOCKS)
    assert await load_block(chain, BlockNumber(1)) is BLOCKS[1]


async def test_others_go_on_while_a_block_is_decoded() -> None:
    chain = ColdChain(BLOCKS)
    async with asyncio.TaskGroup() as group:
        loading = [group.create_task(load_block(chain, BlockNumber(number))) for number in (0, 1, 2)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in loading)
        chain.allowed.set()  # nobody could, were the loop held up
    assert [task.result() for task in loading] == [*BLOCKS, None]
    assert len(set(chain.threads)) == 1
    assert chain.threads[0].startswith("rpc-blocks")


async def test_a_transaction_is_found_where_it_still_is() -> None:
    wanted = BLOCKS[1].receipts[0].transaction_hash
    chain = ColdChain(BLOCKS, place=(BlockNumber(1), 0))
    chain.allowed.set()
    assert await load_transaction(chain, wanted) == (BLOCKS[1], 0)
    assert await load_transaction(chain, Hash(keccak(b"another, there before a rewind"))) is None
    assert await load_transaction(replace(chain, place=(BlockNumber(1), 1)), wanted) is None
    assert await load_transaction(replace(chain, place=(BlockNumber(5), 0)), wanted) is None
    assert await load_transaction(replace(chain, place=None), wanted) is None


async def test_a_hash_never_names_the_block_that_took_its_place() -> None:
    """Between the look-up of the number and the block, the chain may be rewound and grow again."""
    gone = Hash(keccak(b"gone"))

    @dataclass(frozen=True)
    class Rewound(ColdChain):
        def number_of(self, block_hash: Hash) -> BlockNumber | None:
            return BlockNumber(1)

    chain = Rewound(BLOCKS)
    chain.allowed.set()
    ports = replace(make_chain_ports(*BLOCKS), chain=chain)
    assert await find_block(ports, BlockRef(hash=gone)) is None
    assert await find_block(ports, BlockRef(hash=BLOCKS[1].header.hash)) == BLOCKS[1]
