"""Contracts and readers take the same calldata: nobody can repost a signed batch so that readers do not know it."""

import pytest
from batch_vectors import CONSTRUCTOR, build_chain, calldata
from chain_driver import Chain, Contract
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import decode_post_batch, load_artifact
from rollup.core.errors import MalformedBatch

BATCH = build_chain(1, b"compressed blocks" * 3)[0]
CALLDATA = calldata(BATCH)
CONTENT = (BATCH.header_bytes, BATCH.signature, BATCH.body)
WORDS = (len(CALLDATA) - 4) // 32


@pytest.fixture(scope="module")
def inbox(chain: Chain) -> Contract:
    return chain.deploy(load_artifact("BatchInbox"), *CONSTRUCTOR)


def is_read_as_the_batch(data: bytes) -> bool:
    try:
        return decode_post_batch(data) == CONTENT
    except MalformedBatch:
        return False


def with_word(position: int, value: int) -> bytes:
    at = 4 + 32 * position
    return CALLDATA[:at] + (value % 2**256).to_bytes(32, "big") + CALLDATA[at + 32 :]


LENGTH_WORDS = [3, 4 + -(-len(BATCH.header_bytes) // 32)]
NUMBERS = st.one_of(st.integers(-64, 1_500), st.sampled_from([2**32, 2**64 - 1, 2**64, 2**255, 2**256 - 32]))
CALLS = st.one_of(
    st.builds(with_word, st.integers(0, 2), NUMBERS),
    st.builds(with_word, st.sampled_from(LENGTH_WORDS), NUMBERS),
    st.builds(with_word, st.integers(0, WORDS - 1), st.integers(0, 2**256 - 1)),
    st.builds(lambda at, extra: CALLDATA[:at] + extra + CALLDATA[at:], st.integers(4, len(CALLDATA)), st.binary()),
    st.builds(lambda at: CALLDATA[:at], st.integers(0, len(CALLDATA))),
    st.builds(
        lambda at, bit: CALLDATA[:at] + bytes([CALLDATA[at] ^ 1 << bit]) + CALLDATA[at + 1 :],
        st.integers(0, len(CALLDATA) - 1),
        st.integers(0, 7),
    ),
)


def test_the_calldata_itself_is_taken(chain: Chain, inbox: Contract) -> None:
    assert is_read_as_the_batch(CALLDATA)
    assert chain.refusal(inbox, CALLDATA) is None


@settings(max_examples=300, deadline=None)
@given(data=CALLS)
def test_contract_and_reader_agree_on_mutated_calldata(chain: Chain, inbox: Contract, data: bytes) -> None:
    assert (chain.refusal(inbox, data) is None) == is_read_as_the_batch(data)
