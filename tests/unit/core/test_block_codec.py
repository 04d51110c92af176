"""The durable block record gives back the same block, whatever the sizes, and refuses everything else."""

import contextlib

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.block import Block, BlockHeader, Log, Receipt
from rollup.core.block_codec import decode_block, encode_block, pack_bloom, unpack_bloom
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import keccak
from rollup.core.rlp_items import encode_rlp

hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20)
wide = st.integers(0, 2**256 - 1)
blooms = st.one_of(
    st.just(bytes(256)),
    st.binary(min_size=256, max_size=256),
    st.sets(st.integers(0, 2047), max_size=130).map(lambda bits: sum(1 << bit for bit in bits).to_bytes(256, "big")),
)
logs = st.builds(Log, addresses, st.lists(hashes, max_size=4).map(tuple), st.binary(max_size=100))
HEADER_HASHES = [
    "hash",
    "parent_hash",
    "ommers_hash",
    "state_root",
    "transactions_root",
    "receipts_root",
    "prev_randao",
    "withdrawals_root",
    "parent_beacon_root",
    "requests_hash",
]
HEADER_NUMBERS = [
    "difficulty",
    "number",
    "gas_limit",
    "gas_used",
    "timestamp",
    "base_fee",
    "blob_gas_used",
    "excess_blob_gas",
]
headers = st.builds(
    BlockHeader,
    coinbase=addresses,
    logs_bloom=blooms,
    extra_data=st.binary(max_size=32),
    nonce=st.binary(min_size=8, max_size=8),
    **dict.fromkeys(HEADER_HASHES, hashes),
    **dict.fromkeys(HEADER_NUMBERS, wide),
)
cursors = st.builds(Cursor, st.integers(0, 65535), st.integers(0, 2**64 - 1), hashes, st.integers(0, 2**64 - 1), hashes)
messages = st.builds(
    LedgerMessage,
    ledger_index=st.integers(0, 65535),
    height=st.integers(0, 2**64 - 1),
    position=st.integers(0, 2**32 - 1),
    identity=hashes,
    sender=addresses,
    recipient=st.none() | addresses,
    mint_wei=wide,
    value_wei=wide,
    gas_limit=st.integers(0, 2**64 - 1),
    data=st.binary(max_size=60),
)


@st.composite
def receipts_of(draw: st.DrawFn, raw: bytes) -> Receipt:
    return Receipt(
        transaction_hash=keccak(raw),
        type=draw(st.sampled_from([0, 1, 2, 4, 0x7E])),
        status=draw(st.integers(0, 1)),
        gas_used=draw(wide),
        cumulative_gas_used=draw(wide),
        effective_gas_price=draw(wide),
        contract_address=draw(st.none() | addresses),
        logs=tuple(draw(st.lists(logs, max_size=3))),
        logs_bloom=draw(blooms),
    )


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    transactions = tuple(draw(st.lists(st.binary(min_size=1, max_size=200), max_size=4)))
    return Block(
        header=draw(headers),
        transactions=transactions,
        senders=tuple(draw(addresses) for _ in transactions),
        receipts=tuple(draw(receipts_of(raw)) for raw in transactions),
        cursors=tuple(draw(st.lists(cursors, max_size=2))),
        messages=tuple(draw(st.lists(messages, max_size=2))),
    )


@settings(deadline=None)
@given(blocks())
def test_every_block_comes_back(block: Block) -> None:
    assert decode_block(encode_block(block)) == block


@settings(deadline=None)
@given(blocks(), st.data())
def test_a_damaged_record_is_refused_or_read_but_never_crashes(block: Block, data: st.DataObject) -> None:
    record = bytearray(encode_block(block))
    position = data.draw(st.integers(0, len(record) - 1))
    record[position] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(MalformedBatch):
        decode_block(bytes(record))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(record: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_block(record)


def test_an_unknown_record_version_is_named() -> None:
    with pytest.raises(MalformedBatch, match="version 9"):
        decode_block(encode_rlp([b"\x09", [], [], [], [], [], []]))


def test_a_nearly_empty_bloom_takes_two_bytes_a_bit() -> None:
    bloom = (1 << 2047 | 1 << 8 | 1).to_bytes(256, "big")
    assert len(pack_bloom(bloom)) == 6
    assert unpack_bloom(pack_bloom(bloom)) == bloom


@pytest.mark.parametrize("packed", [b"\x00", b"\x08\x00", b"\x00\x01" * 101])
def test_what_is_no_bloom_is_refused(packed: bytes) -> None:
    with pytest.raises(MalformedBatch):
        unpack_bloom(packed)


nested = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


@settings(deadline=None)
@given(nested)
def test_the_fast_encoder_agrees_with_the_library(item: object) -> None:
    assert encode_rlp(item) == rlp.encode(item)


def test_the_fast_encoder_takes_bytes_only() -> None:
    with pytest.raises(TypeError, match="str"):
        encode_rlp(["text"])  # type: ignore[list-item]
