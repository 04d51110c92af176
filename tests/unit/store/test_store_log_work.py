"""A search looks at the blocks that have results, not at those in between: counted, over ten thousand blocks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_blocks import GENESIS, address, build_block

from rollup.core.block import Block, Log
from rollup.core.errors import TooManyLogs
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber
from rollup.core.logs import LogFilter
from rollup.store.blocks import BlockStore
from rollup.store.database import Database
from rollup.store.log_index import PAIRS_MAX

BLOCKS = 10_000
RARE = 1_000
TOKEN, POOL, ODD = address("token"), address("pool"), address("odd")
TRANSFER, SWAP, MINT, ALICE = (keccak(name) for name in (b"Transfer", b"Swap", b"Mint", b"alice"))


class CountingBlocks(BlockStore):
    """Remembers which blocks were asked for as a whole."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.looked_at: list[BlockNumber] = []

    def block(self, number: BlockNumber) -> Block | None:
        self.looked_at.append(number)
        return super().block(number)


class Unsynced(Database):
    """Ten thousand synced writes would be what this test measures."""

    def write(self, puts, deletes=(), *, sync=True) -> None:  # type: ignore[no-untyped-def]
        super().write(puts, deletes, sync=False)


def logs_of(number: int) -> list[Log]:
    """In every block the token moves and the pool swaps; the token mints, and the odd one moves, in one of a thousand.
    Alice is in one of a hundred."""
    logs = [Log(TOKEN, (TRANSFER, keccak(b"%d" % number)), b""), Log(POOL, (SWAP,), b"")]
    if number % RARE == 0:
        logs += [Log(TOKEN, (MINT,), b""), Log(ODD, (TRANSFER,), b"")]
    if number % 100 == 0:
        logs.append(Log(TOKEN, (TRANSFER, ALICE), b""))
    return logs


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountingBlocks]:
    path: Path = tmp_path_factory.mktemp("many") / "store"
    with Unsynced(path, GENESIS) as database:
        store = CountingBlocks(database)
        for number in range(1, BLOCKS + 1):
            store.append_block(build_block(number, [logs_of(number)]))
        yield store


@pytest.mark.parametrize(
    ("addresses", "topics", "results"),
    [
        ((TOKEN,), ((MINT,),), 10),
        ((ODD,), ((TRANSFER,),), 10),
        ((TOKEN, ODD), ((MINT,),), 10),
        ((TOKEN,), ((TRANSFER,), (ALICE,)), 100),
        ((TOKEN,), (None, (ALICE,)), 100),
        ((), ((MINT,),), 10),
        ((POOL,), ((TRANSFER,),), 0),  # both in every block, never in one log
        ((POOL,), ((TRANSFER, MINT),), 0),
        ((address("nobody"),), (), 0),
    ],
)
def test_only_blocks_with_results_are_looked_at(blocks, addresses, topics, results) -> None:  # type: ignore[no-untyped-def]
    blocks.looked_at.clear()
    found = blocks.find_logs(LogFilter(BlockNumber(1), BlockNumber(BLOCKS), addresses, topics), 10_000)
    assert len(found) == results
    assert blocks.looked_at == [row.block_number for row in found]


def test_a_search_that_finds_too_much_ends_at_the_cap_which_it_names(blocks: CountingBlocks) -> None:
    blocks.looked_at.clear()
    with pytest.raises(TooManyLogs, match="more than 50 logs"):
        blocks.find_logs(LogFilter(BlockNumber(1), BlockNumber(BLOCKS), (TOKEN,), ((TRANSFER,),)), 50)
    assert len(blocks.looked_at) <= 51


def test_many_addresses_and_topics_find_the_same(blocks: CountingBlocks) -> None:
    crowd = tuple(address(f"other {index}") for index in range(PAIRS_MAX))
    found = blocks.find_logs(LogFilter(BlockNumber(1), BlockNumber(500), (*crowd, TOKEN), ((MINT, TRANSFER),)), 10_000)
    assert len(found) == 505
