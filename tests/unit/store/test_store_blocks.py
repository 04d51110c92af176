"""Blocks are found by number, hash and transaction; they follow each other; a rewind takes all of them back."""

from pathlib import Path

import pytest
from stored_blocks import GENESIS, address, block_hash, build_block

from rollup.core.block import Log
from rollup.core.errors import StoreCorrupted
from rollup.core.hashes import keccak
from rollup.core.logs import LogFilter
from rollup.store.blocks import REWIND_BLOCKS_MAX
from rollup.store.store import Store, open_store

ONE_LOG = [Log(address("token"), (keccak(b"Transfer"),), b"")]


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    with open_store(tmp_path / "store", GENESIS) as opened:
        yield opened


def fill(store: Store, first: int, last: int) -> None:
    for number in range(first, last + 1):
        store.blocks.append_block(build_block(number, [ONE_LOG, []]))


def test_an_empty_store_has_no_head(store: Store) -> None:
    assert store.blocks.head_number() is None
    assert store.blocks.block(0) is None
    assert store.blocks.header(0) is None


def test_a_block_is_found_by_everything_that_names_it(store: Store) -> None:
    fill(store, 0, 3)
    block = build_block(2, [ONE_LOG, []])
    assert store.blocks.head_number() == 3
    assert store.blocks.block(2) == block
    assert store.blocks.header(2) == block.header
    assert store.blocks.number_of(block_hash(2)) == 2
    assert store.blocks.find_transaction(block.receipts[1].transaction_hash) == (2, 1)
    assert store.blocks.number_of(block_hash(9)) is None
    assert store.blocks.find_transaction(keccak(b"?")) is None
    assert store.blocks.block(4) is None


def test_blocks_read_from_disk_equal_those_that_were_appended(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        fill(store, 1, 5)
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.blocks.head_number() == 5
        assert store.blocks.header(4) == build_block(4).header
        assert store.blocks.block(4) == build_block(4, [ONE_LOG, []])
        assert store.blocks.header(4) == build_block(4).header


def test_the_same_block_again_changes_nothing(store: Store) -> None:
    fill(store, 1, 3)
    fill(store, 1, 3)
    assert store.blocks.head_number() == 3


@pytest.mark.parametrize(
    "wrong",
    [build_block(5), build_block(3, fork="other"), build_block(4, parent_fork="other"), build_block(1, fork="other")],
    ids=["gap", "other head", "other parent", "other past"],
)
def test_a_block_that_does_not_follow_is_refused(store: Store, wrong) -> None:  # type: ignore[no-untyped-def]
    fill(store, 1, 3)
    with pytest.raises(StoreCorrupted, match="does not follow the head 3"):
        store.blocks.append_block(wrong)
    assert store.blocks.head_number() == 3


@pytest.mark.parametrize("last", [7, 3 + REWIND_BLOCKS_MAX, 5 + REWIND_BLOCKS_MAX])
def test_a_rewind_leaves_no_trace(store: Store, last: int) -> None:
    fill(store, 1, last)
    store.blocks.rewind(3)
    dropped = build_block(last, [ONE_LOG, []])
    assert store.blocks.head_number() == 3
    assert store.blocks.block(last) is None
    assert store.blocks.header(last) is None
    assert store.blocks.number_of(dropped.header.hash) is None
    assert store.blocks.find_transaction(dropped.receipts[0].transaction_hash) is None
    assert [row.block_number for row in store.blocks.find_logs(LogFilter(0, 1000), 100)] == [1, 2, 3]
    replacement = build_block(4, [[]], fork="b")
    store.blocks.append_block(replacement)
    assert store.blocks.block(4) == replacement


def test_a_rewind_to_the_head_or_above_does_nothing(store: Store) -> None:
    fill(store, 1, 3)
    store.blocks.rewind(3)
    store.blocks.rewind(9)
    assert store.blocks.head_number() == 3


def test_everything_can_be_rewound(store: Store) -> None:
    fill(store, 1, 3)
    store.blocks.rewind(0)
    assert store.blocks.head_number() is None
    fill(store, 1, 1)
    assert store.blocks.head_number() == 1
