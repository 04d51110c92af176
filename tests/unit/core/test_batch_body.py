"""A body gives back the same blocks, no other bytes mean the same, and nothing but MalformedBatch comes of garbage."""

import contextlib
import random
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_reader import read_transactions
from signed_drafts import ADDRESSES, CHAIN_ID, KEYS, Draft, sign_draft

from rollup.core.batch_body import BODY_BYTES_MAX, COLUMN_BYTES_MAX, decode_body, encode_body
from rollup.core.block import BlockInput
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.errors import MalformedBatch
from rollup.core.hashes import SECP256K1_N, address_of, keccak
from rollup.core.rlp_items import decode_rlp, encode_rlp, uint_bytes
from rollup.core.transaction import decode_transaction

hashes = st.binary(min_size=32, max_size=32)
addresses = st.sampled_from(ADDRESSES) | st.binary(min_size=20, max_size=20)
words = st.one_of(
    addresses.map(lambda address: bytes(12) + address),
    hashes,
    st.integers(0, 2**256 - 1).map(lambda value: value.to_bytes(32, "big")),
    st.integers(0, 10**6).map(lambda value: (value * 10**18).to_bytes(32, "big")),
    st.just(bytes(32)),
)
calls = st.builds(
    lambda selector, row: selector + b"".join(row), st.binary(min_size=4, max_size=4), st.lists(words, max_size=5)
)
wide = st.integers(0, 2**256 - 1) | st.integers(0, 10**4).map(lambda value: value * 10**15)
u64 = st.integers(0, 2**64 - 1) | st.integers(0, 300)
access_lists = st.lists(st.tuples(addresses, st.lists(hashes, max_size=2)), max_size=2)
authorizations = st.lists(
    st.tuples(wide, addresses, u64, st.integers(0, 255), wide, wide).map(
        lambda row: [item if isinstance(item, bytes) else uint_bytes(item) for item in row]
    ),
    max_size=2,
)


@st.composite
def raws(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from([0, 0, 1, 2, 2, 2, 4]))
    cap = draw(wide)
    draft = Draft(
        kind=kind,
        chain_id=draw(st.none() | u64) if kind == 0 else draw(st.just(CHAIN_ID) | u64),
        nonce=draw(u64),
        tip=draw(st.integers(0, cap)),
        cap=cap,
        gas=draw(u64),
        to=draw(st.none() | addresses),
        value=draw(wide),
        data=draw(st.just(b"") | calls | st.binary(max_size=80)),
        access=draw(access_lists),
        authorizations=draw(authorizations),
    )
    return sign_draft(draft, draw(st.sampled_from(KEYS)))


cursors = st.builds(Cursor, st.integers(0, 65535), u64, hashes, u64, hashes)
messages = st.builds(
    LedgerMessage,
    st.integers(0, 65535),
    u64,
    st.integers(0, 2**32 - 1),
    hashes,
    addresses,
    st.none() | addresses,
    wide,
    wide,
    u64,
    st.binary(max_size=40),
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[BlockInput, ...]:
    count = draw(st.integers(1, 4))
    deltas = [draw(st.integers(0, 300)) for _ in range(count)]
    times = accumulate(deltas, initial=draw(st.integers(0, 2**40)))
    return tuple(
        BlockInput(
            number,
            time,
            tuple(draw(st.lists(cursors, max_size=2))),
            tuple(draw(st.lists(messages, max_size=2))),
            tuple(draw(st.lists(raws(), max_size=4))),
        )
        for number, time in zip(range(5, 5 + count), times, strict=False)
    )


@settings(max_examples=150, deadline=None)
@given(runs())
def test_every_run_of_blocks_comes_back(blocks: tuple[BlockInput, ...]) -> None:
    assert decode_body(encode_body(blocks), 5) == blocks


@settings(max_examples=60, deadline=None)
@given(runs())
def test_a_reader_written_from_the_specification_reads_the_same(blocks: tuple[BlockInput, ...]) -> None:
    assert read_transactions(encode_body(blocks)) == [raw for block in blocks for raw in block.transactions]


def body_of(raw_transactions: Sequence[bytes]) -> bytes:
    return encode_body([BlockInput(1, 1_700_000_000, (), (), tuple(raw_transactions))])


def open_body(body: bytes) -> tuple[bytes, list[object]]:
    signatures, packed = decode_rlp(body[1:])  # type: ignore[misc]
    return signatures, decode_rlp(brotli.decompress(packed))  # type: ignore[return-value]


def close_body(signatures: bytes, columns: object) -> bytes:
    return b"\x01" + encode_rlp([signatures, brotli.compress(encode_rlp(columns))])


MIXED = [
    sign_draft(Draft(to=ADDRESSES[1], value=10**18), KEYS[0]),
    sign_draft(
        Draft(to=ADDRESSES[2], nonce=4, data=b"\xa9\x05\x9c\xbb" + bytes(12) + ADDRESSES[0] + bytes(32)), KEYS[1]
    ),
    sign_draft(Draft(kind=0, to=None, data=b"\x60\x00" * 30), KEYS[2]),
    sign_draft(Draft(kind=4, authorizations=[[b"", ADDRESSES[3], b"", b"\x01", b"\x02", b"\x03"]]), KEYS[3]),
    sign_draft(Draft(kind=1, access=[[ADDRESSES[4], [bytes(32)]]]), KEYS[4]),
]
BODY = encode_body(
    [
        BlockInput(1, 1_700_000_000, (Cursor(0, 9, keccak(b"9")),), (), tuple(MIXED[:2])),
        BlockInput(2, 1_700_000_001, (), (), tuple(MIXED[2:])),
    ]
)


def flat_paths(item: object, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    if isinstance(item, bytes):
        return [path]
    return [path, *(deeper for index, each in enumerate(item) for deeper in flat_paths(each, (*path, index)))]  # type: ignore[arg-type,attr-defined]


def test_the_opened_body_closes_to_one_that_is_read() -> None:
    assert decode_body(close_body(*open_body(BODY)), 1) == decode_body(BODY, 1)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_change_to_the_columns_means_the_same_blocks(data: st.DataObject) -> None:
    signatures, columns = open_body(BODY)
    path = data.draw(st.sampled_from(flat_paths(columns)[1:]))
    parent: object = columns
    for index in path[:-1]:
        parent = parent[index]  # type: ignore[index]
    old = parent[path[-1]]  # type: ignore[index]
    if isinstance(old, bytes):
        edits = [old + b"\0", b"\0" + old, old[:-1], bytes([byte ^ 1 for byte in old]), [], [old]]
        edits.append(data.draw(st.binary(max_size=40)))
    else:
        edits = [[*old, b""], old[:-1], old[::-1], [*old, *old], b""]
    new = data.draw(st.sampled_from(edits))
    parent[path[-1]] = new  # type: ignore[index]
    with contextlib.suppress(MalformedBatch):
        blocks = decode_body(close_body(signatures, columns), 1)
        assert new == old or blocks != decode_body(BODY, 1)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_means_other_blocks(position: int, flip: int) -> None:
    damaged = bytearray(BODY)
    damaged[position] ^= flip
    with contextlib.suppress(MalformedBatch):
        assert decode_body(bytes(damaged), 1) != decode_body(BODY, 1)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(noise: bytes) -> None:
    for body in (noise, b"\x01" + noise, close_body(noise, []), b"\x01" + encode_rlp([b"", noise])):
        with pytest.raises(MalformedBatch):
            decode_body(body, 1)


@pytest.mark.parametrize("cut", [0, 1, 2, 10, 200, len(BODY) - 1])
def test_a_body_cut_short_or_with_more_behind_it_is_refused(cut: int) -> None:
    for body in (BODY[:cut], BODY + BODY[:cut] + b"\0"):
        with pytest.raises(MalformedBatch):
            decode_body(body, 1)


def test_bytes_behind_the_brotli_stream_are_refused() -> None:
    signatures, packed = decode_rlp(BODY[1:])  # type: ignore[misc]
    for wrong in (packed + b"\0", packed[:-1], b""):
        with pytest.raises(MalformedBatch):
            decode_body(b"\x01" + encode_rlp([signatures, wrong]), 1)


def test_another_compressor_may_have_written_it() -> None:
    signatures, packed = decode_rlp(BODY[1:])  # type: ignore[misc]
    again = brotli.compress(brotli.decompress(packed), quality=3)
    assert again != packed
    assert decode_body(b"\x01" + encode_rlp([signatures, again]), 1) == decode_body(BODY, 1)


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(MalformedBatch, match="version"):
        decode_body(b"\x02" + BODY[1:], 1)


def test_a_zip_bomb_is_refused_for_its_size() -> None:
    bomb = b"\x01" + encode_rlp([b"", brotli.compress(bytes(50 * COLUMN_BYTES_MAX), quality=5)])
    assert len(bomb) < 2000
    with pytest.raises(MalformedBatch, match="decompresses to more"):
        decode_body(bomb, 1)


def test_a_body_beyond_the_cap_is_refused_unread_and_unwritten() -> None:
    with pytest.raises(MalformedBatch, match="at most"):
        decode_body(bytes(BODY_BYTES_MAX + 1), 1)
    noise = random.Random(1).randbytes(BODY_BYTES_MAX)
    with pytest.raises(MalformedBatch, match="at most"):
        body_of([sign_draft(Draft(to=None, data=noise), KEYS[0])])
    with pytest.raises(MalformedBatch, match="before compression"):
        body_of([sign_draft(Draft(to=None, data=bytes(COLUMN_BYTES_MAX)), KEYS[0])])


def test_deep_nesting_is_refused() -> None:
    nest: object = b""
    for _ in range(150):
        nest = [nest]
    signatures, columns = open_body(BODY)
    columns[5][13] = [[b"\x03", nest, []]]  # type: ignore[index]
    with pytest.raises(MalformedBatch):
        decode_body(close_body(signatures, columns), 1)


@pytest.mark.parametrize(
    "blocks",
    [
        (),
        (BlockInput(1, 5, (), (), ()), BlockInput(3, 5, (), (), ())),
        (BlockInput(1, 5, (), (), ()), BlockInput(2, 4, (), (), ())),
        (BlockInput(1, 5, (), (), (b"\x7e\x01",)),),
        (BlockInput(1, 5, (), (), (b"",)),),
    ],
    ids=["none", "gap", "back in time", "deposit", "empty transaction"],
)
def test_what_is_no_run_of_blocks_is_not_encoded(blocks: tuple[BlockInput, ...]) -> None:
    with pytest.raises(MalformedBatch):
        encode_body(blocks)


def test_what_no_block_may_contain_is_not_encoded() -> None:
    items = decode_rlp(sign_draft(Draft(), KEYS[0])[1:])
    assert isinstance(items, list)
    high_s = [*items[:-1], uint_bytes(SECP256K1_N - int.from_bytes(items[-1], "big"))]
    odd_parity = [*items[:-3], b"\x02", *items[-2:]]
    tip_above_cap = [*items[:2], items[3] + b"\x01", *items[3:]]
    for fields in (high_s, odd_parity, tip_above_cap):
        raw = b"\x02" + encode_rlp(fields)
        decode_transaction(raw)
        with pytest.raises(MalformedBatch):
            body_of([raw])


def test_addresses_of_senders_are_not_spelled_out() -> None:
    """A circle of eight who pay each other needs one address in the data, not eight."""
    circle = [
        sign_draft(Draft(nonce=turn, to=ADDRESSES[(index + 1) % 8]), key)
        for turn in range(2)
        for index, key in enumerate(KEYS)
    ]
    _, columns = open_body(body_of(circle))
    assert len(columns[5][9]) == 20  # type: ignore[index]
    assert decode_body(body_of(circle), 1)[0].transactions == tuple(circle)


def test_a_sender_that_no_key_recovers_is_carried_but_names_nobody() -> None:
    items = decode_rlp(sign_draft(Draft(to=ADDRESSES[1]), KEYS[0])[1:])
    assert isinstance(items, list)
    strange = [b"\x02" + encode_rlp([*items[:-2], uint_bytes(r), items[-1]]) for r in (5, 0, SECP256K1_N)]
    assert decode_body(body_of(strange), 1)[0].transactions == tuple(strange)


def transfers(count: int, accounts: int, seed: int) -> list[bytes]:
    """Payments and token transfers, half and half, between accounts of one population; round and odd amounts."""
    chance = random.Random(seed)
    keys = [chance.randbytes(32) for _ in range(accounts)]
    people = [address_of(key) for key in keys]
    token = chance.randbytes(20)
    nonces = [chance.randrange(100) for _ in keys]
    raw_transactions = []
    for index in range(count):
        sender, recipient = chance.randrange(accounts), people[chance.randrange(accounts)]
        amount = chance.randrange(1, 2000) * 10**16
        fee = {"tip": 10**9, "cap": 10**9 + 2 * (10**9 + index // 40 * 10**7), "nonce": nonces[sender]}
        nonces[sender] += 1
        if index % 2:
            call = b"\xa9\x05\x9c\xbb" + bytes(12) + recipient + amount.to_bytes(32, "big")
            draft = Draft(to=token, data=call, gas=65_000, **fee)
        else:
            draft = Draft(to=recipient, value=amount, **fee)
        raw_transactions.append(sign_draft(draft, keys[sender]))
    return raw_transactions


def test_transfers_between_accounts_take_few_bytes_beside_their_signatures() -> None:
    raw_transactions = transfers(800, accounts=300, seed=1)
    body = body_of(raw_transactions)
    assert read_transactions(body) == raw_transactions
    assert len(body) / sum(map(len, raw_transactions)) < 0.47


@pytest.mark.parametrize("data_bytes", [0, 4, 100, 32 * 32 + 4, 3000])
def test_what_does_not_compress_hardly_grows(data_bytes: int) -> None:
    chance = random.Random(data_bytes)
    raw_transactions = [
        sign_draft(
            Draft(
                kind=2,
                nonce=chance.randrange(2**63, 2**64),
                tip=chance.randrange(2**255),
                cap=chance.randrange(2**255, 2**256),
                gas=chance.randrange(2**63, 2**64),
                to=chance.randbytes(20),
                value=chance.randrange(2**256),
                data=chance.randbytes(data_bytes),
            ),
            chance.randbytes(32),
        )
        for _ in range(100)
    ]
    assert len(body_of(raw_transactions)) < 1.02 * sum(map(len, raw_transactions)) + 100


def test_the_example_of_the_specification_is_what_is_written() -> None:
    """docs/protocol.md, section 4.10."""
    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    shown = text.split("### 4.10")[1].split("```")[1]
    call = b"\xa9\x05\x9c\xbb" + bytes(12) + ADDRESSES[0] + (2 * 10**18).to_bytes(32, "big")
    raw_transactions = [
        sign_draft(Draft(to=ADDRESSES[1], value=15 * 10**17, nonce=7), KEYS[0]),
        sign_draft(Draft(to=b"\x11" * 20, data=call, gas=65_000), KEYS[1]),
    ]
    _, columns = open_body(body_of(raw_transactions))
    assert encode_rlp(columns).hex() == "".join(shown.split())
