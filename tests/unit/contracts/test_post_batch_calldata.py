"""Calldata of postBatch: the canonical ABI encoding and nothing else."""

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from contracts import POST_BATCH_SELECTOR, decode_post_batch, encode_post_batch
from rollup.core.errors import MalformedBatch

EXAMPLE = encode_post_batch(b"h" * 500, b"s" * 65, b"b" * 33)


@given(header=st.binary(max_size=100), signature=st.binary(max_size=70), body=st.binary(max_size=200))
def test_it_is_the_encoding_of_the_abi_and_comes_back(header: bytes, signature: bytes, body: bytes) -> None:
    calldata = encode_post_batch(header, signature, body)
    assert calldata == POST_BATCH_SELECTOR + abi_encode(["bytes", "bytes", "bytes"], [header, signature, body])
    assert decode_post_batch(calldata) == (header, signature, body)


@given(data=st.binary(max_size=400))
def test_garbage_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_post_batch(data)
    with pytest.raises(MalformedBatch):
        decode_post_batch(POST_BATCH_SELECTOR + data[:100])


@given(at=st.integers(0, len(EXAMPLE) - 1), bit=st.integers(0, 7))
def test_what_decodes_encodes_to_the_same_bytes(at: int, bit: int) -> None:
    changed = EXAMPLE[:at] + bytes([EXAMPLE[at] ^ 1 << bit]) + EXAMPLE[at + 1 :]
    try:
        parts = decode_post_batch(changed)
    except MalformedBatch:
        return
    assert encode_post_batch(*parts) == changed


@pytest.mark.parametrize("cut", [3, 4, 35, 100, 131, 132, 600, len(EXAMPLE) - 32, len(EXAMPLE) - 1])
def test_cut_calldata_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedBatch):
        decode_post_batch(EXAMPLE[:cut])


@pytest.mark.parametrize("extra", [b"\0", bytes(32), b"trailing"])
def test_trailing_bytes_are_malformed(extra: bytes) -> None:
    with pytest.raises(MalformedBatch):
        decode_post_batch(EXAMPLE + extra)


@pytest.mark.parametrize("length", [2**32, 2**64 - 1, 2**256 - 1])
def test_an_absurd_length_is_malformed_at_once(length: int) -> None:
    at = 4 + 3 * 32
    with pytest.raises(MalformedBatch):
        decode_post_batch(EXAMPLE[:at] + length.to_bytes(32, "big") + EXAMPLE[at + 32 :])


def test_dirty_padding_is_malformed() -> None:
    assert EXAMPLE[-1] == 0
    with pytest.raises(MalformedBatch):
        decode_post_batch(EXAMPLE[:-1] + b"\x01")
