"""When batches close: limits, ages, guesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.core.block import BlockInput
from rollup.core.errors import BadConfig
from rollup.core.genesis import ChainRule
from rollup.core.ids import BlockNumber
from rollup.sequencer.batching import BatchWindow, BlockSummary, raw_size
from rollup.sequencer.settings import BatchSettings, BlockSettings, check_block_fits_batch, check_transaction_fits_block

SETTINGS = BatchSettings(blocks_max=5, body_bytes_max=1_000, raw_bytes_max=3_000, gas_max=100, age_s_max=30.0)
BLOCKS = st.lists(st.builds(BlockSummary, st.integers(1, 2_500), st.integers(0, 150), st.just(0.0)), min_size=1)


def window_of(*blocks: BlockSummary) -> BatchWindow:
    window = BatchWindow(SETTINGS)
    for block in blocks:
        window.add(block)
    return window


@given(BLOCKS, st.integers(100, 1_000))
def test_a_due_batch_keeps_every_limit_and_old_blocks_do_not_wait(blocks: list[BlockSummary], body_bytes: int) -> None:
    window, rest = window_of(*blocks), list(blocks)
    while rest:
        count = window.count_due(now=30.0)
        assert 1 <= count <= 5
        if count > 1:
            assert sum(block.gas_used for block in rest[:count]) <= 100
            assert sum(block.raw_bytes for block in rest[:count]) <= 3_000
        window.close(count, body_bytes)
        del rest[:count]
    assert window.count_due(now=1e9) == 0
    assert window.due_at() is None


@given(BLOCKS)
def test_a_young_batch_closes_only_when_another_block_would_not_fit(blocks: list[BlockSummary]) -> None:
    window = window_of(*blocks)
    count = window.count_due(now=29.9)
    if count:
        assert window.is_full
        assert count == 5 or count < len(blocks)
    else:
        assert len(blocks) < 5
        assert len(blocks) == 1 or sum(block.gas_used for block in blocks) <= 100


@given(BLOCKS, st.integers(1_001, 100_000), st.data())
def test_cutting_ends_at_one_block(blocks: list[BlockSummary], body_bytes: int, data: st.DataObject) -> None:
    window, count = window_of(*blocks), len(blocks)
    while count > 1:
        cut = window.count_cut(count, data.draw(st.integers(1_001, body_bytes)))
        assert 1 <= cut < count
        count = cut


def test_the_guess_follows_how_well_the_last_batch_compressed() -> None:
    block = BlockSummary(500, 1, 0.0)
    window = window_of(*[block] * 5)
    assert window.count_due(30.0) == 3  # 0.6 of the raw bytes, and a margin
    window.close(3, 300)
    for _ in range(3):
        window.add(block)
    assert window.count_due(30.0) == 5


def test_age_counts_from_the_oldest_block() -> None:
    window = window_of(BlockSummary(1, 1, 10.0), BlockSummary(1, 1, 35.0))
    assert window.due_at() == 40.0
    assert window.count_due(39.9) == 0
    assert window.count_due(40.0) == 2


def test_raw_size_counts_what_is_encoded() -> None:
    assert raw_size(BlockInput(BlockNumber(1), 0, (), (), (b"12345", b"678"))) == 12 + 8


def test_a_block_that_could_outgrow_a_batch_is_a_wrong_configuration() -> None:
    check_block_fits_batch(BlockSettings(), BatchSettings())
    with pytest.raises(BadConfig, match="one block must always fit one batch"):
        check_block_fits_batch(BlockSettings(block_bytes_max=115_000), BatchSettings())


def test_a_transaction_that_no_block_could_take_is_a_wrong_configuration() -> None:
    check_transaction_fits_block(ChainRule(7), BlockSettings())
    with pytest.raises(BadConfig, match="must be at least 131072"):
        check_transaction_fits_block(ChainRule(7, transaction_bytes_max=131_072), BlockSettings())
