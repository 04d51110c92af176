"""Chains of py-evm, replayed: every fork's roots are reached, every lie is named, and what came in goes out again."""

from dataclasses import replace
from pathlib import Path

import pytest
from foreign_chain import BLOCKS_PER_FORK, FORKS, make_chain

from rollup.core.block import Block, BlockHeader
from rollup.core.block_codec import decode_block, encode_block
from rollup.core.block_rlp import block_size, decode_block_rlp, encode_block_rlp
from rollup.core.errors import InvalidBlock
from rollup.core.forks import Fork
from rollup.core.hashes import keccak
from rollup.core.header_codec import encode_header, header_items
from rollup.core.ids import ZERO_HASH, BlockNumber, Hash
from rollup.core.rlp_items import encode_rlp
from rollup.vm.engine import Engine
from rollup.vm.geth_genesis import parse_geth_genesis
from rollup.vm.import_chain import replay_chain

HEAD = len(FORKS) * BLOCKS_PER_FORK - 1


def open_engine(path: Path) -> Engine:
    return Engine.open(path, parse_geth_genesis(make_chain().genesis))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, list[Block]]:
    """The whole chain, and what the replay gave."""
    engine = open_engine(tmp_path_factory.mktemp("imported"))
    return engine, list(replay_chain(engine, make_chain().file))


def test_every_block_of_every_fork_is_what_it_says(imported: tuple[Engine, list[Block]]) -> None:
    engine, blocks = imported
    assert engine.head().genesis_hash == make_chain().hashes[0]
    assert [block.header.hash for block in blocks] == list(make_chain().hashes[1:])


def test_what_came_in_goes_out_byte_for_byte(imported: tuple[Engine, list[Block]]) -> None:
    _, blocks = imported
    records = [decode_block(encode_block(block)) for block in blocks]
    assert records == blocks
    assert tuple(encode_block_rlp(block) for block in records) == make_chain().blocks
    assert [block_size(block) for block in blocks] == [len(encoded) for encoded in make_chain().blocks]


def test_receipts_have_what_their_fork_gives(imported: tuple[Engine, list[Block]]) -> None:
    _, blocks = imported
    for block in blocks:
        fork = FORKS[block.header.number // BLOCKS_PER_FORK][0]
        assert {receipt.state_root is None for receipt in block.receipts} == {fork >= Fork.BYZANTIUM}
    blobs = [receipt for receipt in blocks[-1].receipts if receipt.type == 3]
    assert [(receipt.blob_gas_used, receipt.blob_gas_price) for receipt in blobs] == [(2 * 131_072, 1)]


def test_ommers_and_withdrawals_are_kept(imported: tuple[Engine, list[Block]]) -> None:
    _, blocks = imported
    assert blocks[2].ommers[0].extra_data == b"ommer"
    assert [each.amount for each in blocks[-1].withdrawals] == [3, 0]


def test_an_import_goes_on_where_it_was(tmp_path: Path) -> None:
    chain = make_chain()
    engine = open_engine(tmp_path)
    assert len(list(replay_chain(engine, b"".join(chain.blocks[:3])))) == 3
    engine.close()
    engine = open_engine(tmp_path)
    assert engine.head().header.number == 3
    assert [block.header.number for block in replay_chain(engine, b"".join(chain.blocks[:5]))] == [4, 5]
    assert list(replay_chain(engine, b"".join(chain.blocks[:5]))) == []
    engine.close()


def reseal(header: BlockHeader, **changes: object) -> BlockHeader:
    changed = replace(header, **changes)  # type: ignore[arg-type]
    return replace(changed, hash=keccak(encode_header(changed)))


LIES = [
    ("number", lambda header: {"number": BlockNumber(header.number + 1)}, "number"),
    ("parent", lambda _: {"parent_hash": ZERO_HASH}, "parent hash"),
    ("time", lambda header: {"timestamp": header.timestamp - 20}, "not after its parent's"),
    ("gas limit", lambda header: {"gas_limit": header.gas_limit * 2}, "gas limit"),
    ("gas above limit", lambda header: {"gas_used": header.gas_limit + 1}, "above limit"),
    ("gas used", lambda header: {"gas_used": header.gas_used + 1}, "gas used is"),
    ("base fee", lambda header: {"base_fee": header.base_fee + 1}, "base fee"),
    ("difficulty", lambda _: {"difficulty": 1}, "difficulty"),
    ("nonce", lambda _: {"nonce": b"\x01" * 8}, "nonce"),
    ("ommers", lambda _: {"ommers_hash": ZERO_HASH}, "ommers hash"),
    ("transactions", lambda _: {"transactions_root": ZERO_HASH}, "transactions root"),
    ("receipts", lambda _: {"receipts_root": ZERO_HASH}, "receipts root"),
    ("bloom", lambda _: {"logs_bloom": bytes(255) + b"\x01"}, "logs bloom"),
    ("state", lambda _: {"state_root": ZERO_HASH}, "state root"),
    ("withdrawals", lambda _: {"withdrawals_root": ZERO_HASH}, "withdrawals root"),
    ("blob gas", lambda _: {"blob_gas_used": 131_072}, "blob gas used"),
    ("excess", lambda _: {"excess_blob_gas": 131_072}, "excess blob gas"),
    ("requests", lambda _: {"requests_hash": Hash(b"\x01" * 32)}, "requests hash"),
    ("fields", lambda _: {"field_count": 20}, "number of fields"),
    ("extra data", lambda _: {"extra_data": bytes(33)}, "extra data"),
]


@pytest.fixture(scope="module")
def almost(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The chain without its last block."""
    engine = open_engine(tmp_path_factory.mktemp("almost"))
    list(replay_chain(engine, b"".join(make_chain().blocks[:-1])))
    return engine


@pytest.mark.parametrize(("lie", "words"), [row[1:] for row in LIES], ids=[row[0] for row in LIES])
def test_a_header_that_lies_is_named_and_nothing_is_kept(almost: Engine, lie: object, words: str) -> None:
    body = decode_block_rlp(make_chain().blocks[-1])
    header = reseal(body.header, **lie(body.header))  # type: ignore[operator]
    with pytest.raises(InvalidBlock, match=words) as raised:
        almost.replay_block(replace(body, header=header))
    assert f"block {header.number}" in str(raised.value)
    assert header.hash.hex() in str(raised.value)
    assert almost.head().header.number == HEAD - 1


def test_after_a_lie_the_truth_is_taken(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    body = decode_block_rlp(make_chain().blocks[0])
    with pytest.raises(InvalidBlock):
        engine.replay_block(replace(body, header=reseal(body.header, state_root=ZERO_HASH)))
    assert engine.replay_block(body).header.hash == make_chain().hashes[1]
    engine.close()


def test_transactions_of_later_forks_are_refused(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    body = decode_block_rlp(make_chain().blocks[0])
    typed = next(raw for raw in decode_block_rlp(make_chain().blocks[-1]).transactions if raw[0] == 2)
    with pytest.raises(InvalidBlock, match="transactions root"):
        engine.replay_block(replace(body, transactions=(typed, *body.transactions)))
    engine.close()


@pytest.mark.parametrize("cut", [1, 10, 600])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, cut: int) -> None:
    engine = open_engine(tmp_path)
    chain = b"".join(make_chain().blocks[:2])
    with pytest.raises(InvalidBlock, match=r"after block 1: .*cut off"):
        list(replay_chain(engine, chain[:-cut]))
    assert engine.head().header.number == 1
    engine.close()


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with pytest.raises(InvalidBlock, match="after block 0: no block begins at byte 0"):
        list(replay_chain(engine, b"hello"))
    engine.close()


def test_another_chain_than_the_one_held_is_refused(imported: tuple[Engine, list[Block]]) -> None:
    engine, _ = imported
    body = decode_block_rlp(make_chain().blocks[0])
    header = reseal(body.header, extra_data=b"other")
    other = Block(header, body.transactions, (), ())
    with pytest.raises(InvalidBlock, match=r"block 1 is 0x.*, the chain here has 0x"):
        list(replay_chain(engine, encode_block_rlp(other)))


@pytest.mark.parametrize(
    ("ommers", "words"),
    [
        (lambda ommer: (ommer, ommer), "an ommer twice"),
        (lambda ommer: (reseal(ommer, parent_hash=ZERO_HASH),), "an ommer that is none"),
        (lambda ommer: (reseal(ommer, number=BlockNumber(0)),), "an ommer of block 0"),
        (lambda ommer: (reseal(ommer, number=BlockNumber(3)),), "an ommer of block 3"),
        (lambda ommer: tuple(reseal(ommer, extra_data=bytes([each])) for each in range(3)), "3 ommers"),
        (lambda _: (decode_block_rlp(make_chain().blocks[1]).header,), "an ommer that is none"),
    ],
)
def test_ommers_are_siblings_of_ancestors(tmp_path: Path, ommers: object, words: str) -> None:
    engine = open_engine(tmp_path)
    list(replay_chain(engine, b"".join(make_chain().blocks[:2])))
    body = decode_block_rlp(make_chain().blocks[2])
    changed = ommers(body.ommers[0])  # type: ignore[operator]
    ommers_hash = keccak(encode_rlp([header_items(ommer) for ommer in changed]))
    with pytest.raises(InvalidBlock, match=words):
        engine.replay_block(replace(body, header=reseal(body.header, ommers_hash=ommers_hash), ommers=changed))
    engine.close()
