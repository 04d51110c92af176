"""Batches, journal, outbox, sign-once, progress and proofs: each keeps what it is given, also over a restart."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_blocks import GENESIS, build_batch

from rollup.core.equivocation import Equivocation
from rollup.core.errors import MalformedBatch, SignOnceViolation, StoreCorrupted
from rollup.core.hashes import keccak
from rollup.core.heads import PostingRecord
from rollup.core.rlp_items import encode_rlp
from rollup.store.posting_codec import decode_posting_record, encode_posting_record
from rollup.store.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    with open_store(tmp_path / "store", GENESIS) as opened:
        yield opened


# --- batches ----------------------------------------------------------------------------------------------------------


def test_batches_are_found_by_number_and_by_block(store: Store) -> None:
    assert store.batches.last_batch() is None
    batches = [build_batch(1, 1, 4), build_batch(2, 5, 5), build_batch(3, 6, 300)]
    for batch in batches:
        store.batches.put_batch(batch)
        store.batches.put_batch(batch)
    assert store.batches.last_batch() == batches[2]
    assert store.batches.batch(1) == batches[0]
    assert store.batches.batch(4) is None
    found = [store.batches.batch_of_block(number) for number in (0, 1, 4, 5, 6, 256, 300, 301)]
    assert found == [None, 1, 1, 2, 3, 3, 3, None]


def test_a_batch_in_the_place_of_another_or_after_a_gap_is_refused(store: Store) -> None:
    store.batches.put_batch(build_batch(1, 1, 4))
    with pytest.raises(StoreCorrupted, match="another batch 1"):
        store.batches.put_batch(build_batch(1, 1, 5))
    with pytest.raises(StoreCorrupted, match="batch 3 does not follow batch 1"):
        store.batches.put_batch(build_batch(3, 5, 6))


def test_a_batch_that_begins_where_the_last_began_takes_its_place(store: Store) -> None:
    for number, first, last in ((1, 1, 4), (2, 5, 20), (3, 5, 20), (4, 5, 9), (5, 10, 30)):
        store.batches.put_batch(build_batch(number, first, last))
    found = [store.batches.batch_of_block(number) for number in (4, 5, 9, 10, 20, 30, 31)]
    assert found == [1, 4, 4, 5, 5, 5, None]
    assert store.batches.batch(2) == build_batch(2, 5, 20)


def test_rewound_batches_are_gone_and_may_come_again(store: Store) -> None:
    for number in (1, 2, 3):
        store.batches.put_batch(build_batch(number, 10 * number, 10 * number + 9))
    store.batches.rewind(1)
    assert store.batches.last_batch() == build_batch(1, 10, 19)
    assert store.batches.batch_of_block(25) is None
    store.batches.put_batch(build_batch(2, 20, 22))
    assert store.batches.batch_of_block(25) is None
    assert store.batches.batch_of_block(22) == 2


# --- journal ----------------------------------------------------------------------------------------------------------


def test_the_journal_keeps_the_order_of_arrival_over_restarts(tmp_path: Path) -> None:
    with open_store(tmp_path / "store", GENESIS) as store:
        store.journal.append([b"c", b"a"])
        store.journal.append([b"b", b"a", b"b"])
        store.journal.remove([keccak(b"a"), keccak(b"a"), keccak(b"never seen")])
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.journal.replay() == [b"c", b"b"]
        store.journal.append([b"a"])
        store.journal.append([])
        store.journal.remove([keccak(b"b")])
        assert store.journal.replay() == [b"c", b"a"]


# --- sign once --------------------------------------------------------------------------------------------------------


def test_one_digest_per_kind_and_number_for_ever(tmp_path: Path) -> None:
    first, second = keccak(b"first"), keccak(b"second")
    with open_store(tmp_path / "store", GENESIS) as store:
        store.sign_once.claim("batch", 1, first)
        store.sign_once.claim("batch", 1, first)
        store.sign_once.claim("block", 1, second)
        store.sign_once.claim("batch", 2, second)
    with open_store(tmp_path / "store", GENESIS) as store:
        with pytest.raises(SignOnceViolation, match="batch 1 was signed"):
            store.sign_once.claim("batch", 1, second)
        assert store.sign_once.digest_of("batch", 1) == first
        assert store.sign_once.digest_of("batch", 3) is None


# --- outbox -----------------------------------------------------------------------------------------------------------

hashes = st.binary(min_size=32, max_size=32)
records = st.builds(
    PostingRecord,
    ledger_index=st.integers(0, 65535),
    batch_number=st.integers(0, 2**64 - 1),
    batch_hash=hashes,
    state=st.sampled_from(["queued", "sent", "included", "final", "failed"]),
    tx_id=st.none() | hashes,
    earlier_tx_ids=st.lists(hashes, max_size=3).map(tuple),
    raw=st.binary(max_size=50),
    nonce=st.integers(0, 2**64 - 1),
    fee_wei_per_unit=st.integers(0, 2**256 - 1),
    bumps=st.integers(0, 100),
    height=st.none() | st.integers(0, 2**63),
    block_hash=st.none() | hashes,
    fee_wei=st.integers(0, 2**256 - 1),
    attempts=st.integers(0, 2**32),
    last_error=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    sent_at=st.floats(0, 1e12),
)


@settings(deadline=None)
@given(records)
def test_every_outbox_record_comes_back(record: PostingRecord) -> None:
    assert decode_posting_record(encode_posting_record(record)) == record


@pytest.mark.parametrize("data", [b"", b"\xc0", encode_rlp([b"\x02", *[b""] * 16]), encode_rlp([b"\x01"] * 17)])
def test_what_is_no_outbox_record_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_posting_record(data)


def row(ledger_index: int, batch_number: int, state: str = "queued") -> PostingRecord:
    return PostingRecord(ledger_index, batch_number, keccak(b"batch"), state)


def test_outbox_rows_are_read_by_ledger_and_by_batch(store: Store) -> None:
    for ledger_index in (0, 1, 65535):
        for batch_number in (1, 2, 256):
            store.outbox.put(row(ledger_index, batch_number))
    store.outbox.put(row(1, 2, "final"))
    assert store.outbox.get(1, 2) == row(1, 2, "final")
    assert store.outbox.get(2, 2) is None
    assert [record.batch_number for record in store.outbox.rows(1)] == [1, 2, 256]
    assert [record.batch_number for record in store.outbox.open_rows(1)] == [1, 256]
    assert [record.ledger_index for record in store.outbox.of_batch(256)] == [0, 1, 65535]
    assert store.outbox.of_batch(3) == ()


def test_a_row_that_a_reorg_takes_back_from_final_is_open_again(store: Store) -> None:
    store.outbox.put(row(1, 1, "final"))
    assert store.outbox.open_rows(1) == []
    store.outbox.put(replace(row(1, 1), state="sent"))
    assert [record.state for record in store.outbox.open_rows(1)] == ["sent"]


# --- progress and proofs ----------------------------------------------------------------------------------------------


def test_progress_records_are_replaced_as_a_whole(store: Store) -> None:
    store.progress.put("scan/1", b"old")
    store.progress.put_many({"scan/1": b"new", "scan/2": b"", "heads": b"h"})
    assert store.progress.get("scan/1") == b"new"
    assert store.progress.get("scan/2") == b""
    assert store.progress.get("scan/3") is None
    assert store.progress.names("scan/") == ["scan/1", "scan/2"]
    assert store.progress.names() == ["heads", "scan/1", "scan/2"]


def test_proofs_of_equivocation_are_kept(tmp_path: Path) -> None:
    one, other, later = build_batch(3, 1, 2), build_batch(3, 1, 3), build_batch(4, 4, 4)
    proof = Equivocation(3, one.header_bytes, one.signature, other.header_bytes, other.signature)
    with open_store(tmp_path / "store", GENESIS) as store:
        store.equivocations.put(proof)
        store.equivocations.put(proof)
    with open_store(tmp_path / "store", GENESIS) as store:
        assert store.equivocations.all() == (proof,)
        store.equivocations.put(replace(proof, second_header=later.header_bytes))
        with pytest.raises(StoreCorrupted, match="proof of equivocation"):
            store.equivocations.all()
