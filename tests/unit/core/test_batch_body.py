"""A body gives back the same blocks, and no other bytes mean the same."""

from rollup.core.batch_body import decode_body, encode_body
from rollup.core.block import BlockInput


def test_an_empty_block_round_trips() -> None:
    blocks = (BlockInput(7, 1_700_000_000, (), (), ()),)
    assert decode_body(encode_body(blocks), 7) == blocks
