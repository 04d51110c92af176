"""Headers, pointers and postings: one encoding each, and a batch is only what its sequencer signed."""

from dataclasses import replace

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.batch import (
    BATCH_VERSION,
    HEADER_BYTES_MAX,
    BatchHeader,
    Pointer,
    check_batch,
    decode_header,
    decode_pointer,
    decode_posting,
    encode_header,
    encode_pointer,
    encode_posting,
    sign_batch,
)
from rollup.core.cursor import Cursor
from rollup.core.equivocation import (
    Equivocation,
    check_equivocation,
    decode_equivocation,
    encode_equivocation,
)
from rollup.core.errors import BadSignature, MalformedBatch
from rollup.core.hashes import address_of, keccak

KEY = keccak(b"sequencer")
SEQUENCER = address_of(KEY)
hashes = st.binary(min_size=32, max_size=32)
u64 = st.integers(0, 2**64 - 1)
cursors = st.builds(Cursor, st.integers(0, 65535), u64, hashes, u64, hashes)
headers = st.builds(
    BatchHeader,
    version=st.just(BATCH_VERSION),
    rollup_id=st.integers(0, 2**32 - 1),
    number=u64,
    parent_hash=hashes,
    first_block=u64,
    last_block=u64,
    last_block_hash=hashes,
    state_root=hashes,
    outbox_root=hashes,
    data_hash=hashes,
    data_length=st.integers(0, 2**32 - 1),
    cursors=st.lists(cursors, max_size=4).map(tuple),
    start_time=u64,
    end_time=u64,
    sequencer_epoch=st.integers(0, 2**32 - 1),
)
BODY = b"body"
HEADER = BatchHeader(
    version=BATCH_VERSION,
    rollup_id=7,
    number=3,
    parent_hash=keccak(b"parent"),
    first_block=11,
    last_block=20,
    last_block_hash=keccak(b"last"),
    state_root=keccak(b"state"),
    outbox_root=bytes(32),
    data_hash=keccak(BODY),
    data_length=len(BODY),
    cursors=(Cursor(0, 5, keccak(b"cursor")),),
    start_time=1_700_000_000,
    end_time=1_700_000_010,
    sequencer_epoch=0,
)


@settings(deadline=None)
@given(headers)
def test_every_header_comes_back(header: BatchHeader) -> None:
    assert decode_header(encode_header(header)) == header


def test_the_header_is_the_list_that_the_specification_says() -> None:
    cursor = [b"", b"\x05", keccak(b"cursor"), b"", bytes(32)]
    fields = [b"\x01", b"\x07", b"\x03", keccak(b"parent"), b"\x0b", b"\x14", keccak(b"last"), keccak(b"state")]
    fields += [bytes(32), keccak(BODY), b"\x04", [cursor], b"\x65\x53\xf1\x00", b"\x65\x53\xf1\x0a", b""]
    assert encode_header(HEADER) == rlp.encode(fields)
    assert sign_batch(HEADER, BODY, KEY).hash == keccak(rlp.encode(fields))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_header_byte_never_means_the_same(data: st.DataObject) -> None:
    encoded = bytearray(encode_header(HEADER))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode_header(bytes(encoded))
    except MalformedBatch:
        return
    assert decoded != HEADER


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc0", rlp.encode([b"\x02"] + [b""] * 14), bytes(HEADER_BYTES_MAX + 1), encode_header(HEADER) + b"\0"],
    ids=["empty", "no fields", "unknown version", "oversize", "more behind it"],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_header(data)


def test_a_signed_batch_checks() -> None:
    check_batch(sign_batch(HEADER, BODY, KEY), SEQUENCER)


def test_a_batch_with_another_body_signer_or_signature_does_not_check() -> None:
    batch = sign_batch(HEADER, BODY, KEY)
    for wrong in (
        replace(batch, body=b"bode"),
        replace(batch, body=b""),
        replace(batch, signature=batch.signature[:-1]),
        sign_batch(HEADER, BODY, keccak(b"somebody")),
        sign_batch(replace(HEADER, data_length=5), BODY, KEY),
    ):
        with pytest.raises((MalformedBatch, BadSignature)):
            check_batch(wrong, SEQUENCER)


@pytest.mark.parametrize("with_body", [True, False])
def test_a_posting_comes_back(*, with_body: bool) -> None:
    batch = sign_batch(HEADER, BODY, KEY)
    expected = batch if with_body else replace(batch, body=b"")
    assert decode_posting(encode_posting(batch, with_body=with_body)) == expected


@given(st.binary(max_size=100))
def test_noise_is_no_posting(noise: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_posting(noise)


def test_a_pointer_is_49_bytes_as_specified() -> None:
    pointer = Pointer(0x01020304, 0x05060708090A0B0C, keccak(b"batch"))
    encoded = encode_pointer(pointer)
    assert encoded == b"ENTR\x01" + bytes(range(1, 13)) + keccak(b"batch")
    assert len(encoded) == 49
    assert decode_pointer(encoded) == pointer


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\0", lambda p: b"X" + p[1:], lambda p: b""])
def test_what_is_no_pointer_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    encoded = encode_pointer(Pointer(1, 2, keccak(b"batch")))
    with pytest.raises(MalformedBatch):
        decode_pointer(change(encoded))
    with pytest.raises(MalformedBatch):
        decode_pointer(encoded[:4] + b"\x02" + encoded[5:])


def prove(header: BatchHeader, other: BatchHeader, key: bytes = KEY) -> Equivocation:
    first, second = sign_batch(header, BODY, KEY), sign_batch(other, BODY, key)
    return Equivocation(header.number, first.header_bytes, first.signature, second.header_bytes, second.signature)


def test_two_signed_headers_of_one_number_are_a_proof() -> None:
    proof = prove(HEADER, replace(HEADER, state_root=keccak(b"lie")))
    check_equivocation(proof, SEQUENCER)
    assert decode_equivocation(encode_equivocation(proof)) == proof


def test_what_proves_nothing_is_refused() -> None:
    for proof in (
        prove(HEADER, HEADER),
        prove(HEADER, replace(HEADER, number=4)),
        prove(HEADER, replace(HEADER, rollup_id=8)),
        prove(HEADER, replace(HEADER, state_root=keccak(b"lie")), keccak(b"somebody")),
    ):
        with pytest.raises(MalformedBatch):
            check_equivocation(proof, SEQUENCER)
