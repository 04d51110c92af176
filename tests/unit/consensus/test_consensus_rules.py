"""Which postings count, where a story would say too little: sizes, and spam on mirrors."""

from dataclasses import replace

import pytest

from rollup.consensus.checkpoint import MARKS_KEPT_MAX, build_checkpoint
from rollup.consensus.commands import SignedHeader
from rollup.consensus.labels import carried_number
from rollup.consensus.mirrors import see_on_mirror, trim_marks
from rollup.consensus.rules import find_refusal
from rollup.consensus.state import MARKS_MAX, Entry, Role, Settings, State, initial_state, view_of
from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.batch_body import BODY_BYTES_MAX
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash, LedgerId, LedgerIndex
from rollup.core.ledger import LedgerBlock, SeenPosting

KEY = b"\x11" * 32
GENESIS_HASH = keccak(b"genesis")
ROLLUP_ID = 7
LEDGERS = tuple(
    LedgerSpec(LedgerIndex(index), LedgerId(f"test:{index}"), "test", role, FinalityRule.INSTANT, 0, "", 0)
    for index, role in enumerate((LedgerRole.ANCHOR, LedgerRole.MIRROR))
)
SETTINGS = Settings(Role.FOLLOWER, ROLLUP_ID, address_of(KEY), 0, GENESIS_HASH, LEDGERS, frozenset(), attested_min=2)


def batch_one(body: bytes) -> Batch:
    number, block = BatchNumber(1), BlockNumber(1)
    roots = (ZERO_HASH, ZERO_HASH, ZERO_HASH, keccak(body))
    header = BatchHeader(1, ROLLUP_ID, number, GENESIS_HASH, block, block, *roots, len(body), (), 1, 1, 0)
    return sign_batch(header, body, KEY)


@pytest.mark.parametrize(("size", "is_taken"), [(200_000, True), (BODY_BYTES_MAX, True), (BODY_BYTES_MAX + 1, False)])
def test_a_body_is_bounded_by_the_format_and_by_no_setting_of_a_node(size: int, is_taken: bool) -> None:
    batch = batch_one(bytes(size))
    posting = SeenPosting(BatchNumber(1), batch.hash, batch, ZERO_HASH, 1, ZERO_HASH, 0)
    assert (find_refusal(initial_state(SETTINGS), posting) == "") is is_taken


def pointer(number: int, batch_hash: Hash, height: int) -> SeenPosting:
    return SeenPosting(BatchNumber(number), batch_hash, None, ZERO_HASH, height, ZERO_HASH, 0)


def with_batches(count: int) -> State:
    """A node whose anchor carries ``count`` derived batches, all final."""
    state = initial_state(SETTINGS)
    signed = [SignedHeader(keccak(bytes([number])), b"", b"") for number in range(1, count + 1)]
    entries = tuple(
        Entry(BatchNumber(number), each, BlockNumber(number), number, ZERO_HASH, BlockNumber(number))
        for number, each in enumerate(signed, 1)
    )
    anchor = replace(state.ledgers[0], height=count, finalized_height=count)
    return replace(state, chain=(*state.chain, *entries), ledgers=(anchor, state.ledgers[1]))


def test_spam_on_a_mirror_does_not_push_out_what_is_ours() -> None:
    state = with_batches(2)
    for index in range(MARKS_MAX):
        state, _ = see_on_mirror(state, view_of(state, 1), pointer(1, keccak(b"spam %d" % index), height=1))
    ours = state.chain[2].hash
    state, _ = see_on_mirror(state, view_of(state, 1), pointer(2, ours, height=2))
    view = view_of(state, 1)
    assert len(view.marks) == MARKS_MAX
    assert carried_number(state, view, 2) == 2
    assert [mark.batch_hash for mark in trim_marks(state, replace(view, height=2, finalized_height=2)).marks] == [ours]


def test_spam_on_a_mirror_does_not_push_what_is_ours_out_of_the_checkpoint() -> None:
    state = with_batches(2)
    for index in range(MARKS_KEPT_MAX):
        state, _ = see_on_mirror(state, view_of(state, 1), pointer(1, keccak(b"spam %d" % index), height=1))
    ours = state.chain[2].hash
    state, _ = see_on_mirror(state, view_of(state, 1), pointer(2, ours, height=2))
    block = LedgerBlock(2, ZERO_HASH, ZERO_HASH, 0)
    assert ours in [mark.batch_hash for mark in build_checkpoint(state, view_of(state, 1), block).marks]


def test_marks_of_batches_out_of_view_are_forgotten() -> None:
    state = with_batches(3)
    state, _ = see_on_mirror(state, view_of(state, 1), pointer(1, keccak(b"spam"), height=1))
    later = replace(state, chain=state.chain[2:])
    assert trim_marks(later, view_of(later, 1)).marks == ()
