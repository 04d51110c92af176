"""The served ledger: its JSON in both directions, its pages, its refusals."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryReader, MemoryRules
from ledgers.remote import SPAN_MAX, Method, RemoteLedger, serve_methods
from ledgers.wire import (
    decode_answer,
    decode_block,
    decode_head,
    decode_seen,
    encode_block,
    encode_error,
    encode_head,
    encode_seen,
)
from rollup.core.batch import BatchHeader, encode_posting, sign_batch
from rollup.core.errors import (
    LedgerBusy,
    LedgerFundsTooLow,
    LedgerReorged,
    LedgerUnavailable,
    PostingRefused,
    Rejected,
    RollupError,
    UnknownBlock,
    WrongLedger,
)
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber, Hash
from rollup.core.ledger import LedgerBlock, LedgerHead, PostingForm, SeenPosting

KEY = bytes(keccak(b"poster"))
uints = st.integers(0, 2**53)
hashes = st.binary(min_size=32, max_size=32).map(Hash)
blocks = st.builds(LedgerBlock, uints, hashes, hashes, uints)
pointers = st.builds(SeenPosting, uints.map(BatchNumber), hashes, st.none(), hashes, uints, hashes, uints)


class ServedMethods:
    """The methods behind the caller's port; ``calls`` counts the questions."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self.methods = methods
        self.calls = 0

    async def call(self, method: str, *params: object) -> object:
        self.calls += 1
        answer: object = json.loads(json.dumps(await self.methods[method](*params)))
        return answer


def build_network() -> MemoryNetwork:
    return MemoryNetwork(MemoryRules(name="served", accounts=((address_of(KEY), 10**12),)))


@given(blocks)
def test_a_block_comes_back(block: LedgerBlock) -> None:
    assert decode_block(json.loads(json.dumps(encode_block(block)))) == block


@given(blocks, st.integers(-1, 2**53))
def test_a_head_comes_back(block: LedgerBlock, finalized: int) -> None:
    assert decode_head(json.loads(json.dumps(encode_head(LedgerHead(block, finalized))))) == LedgerHead(
        block, finalized
    )


@given(pointers)
def test_a_pointer_comes_back(posting: SeenPosting) -> None:
    assert decode_seen(json.loads(json.dumps(encode_seen(posting)))) == posting


JUNK = [
    None,
    [],
    {},
    {"height": 1},
    {"height": "1"},
    {"height": True},
    {"height": -1},
    {"block": 1},
    {"batchNumber": 1},
]


@pytest.mark.parametrize("value", JUNK)
def test_junk_is_unavailability(value: object) -> None:
    for decode in (decode_block, decode_head, decode_seen, decode_answer):
        with pytest.raises(LedgerUnavailable):
            decode(value)


@pytest.mark.parametrize(
    ("error", "arrives_as"),
    [
        (UnknownBlock("height 7"), UnknownBlock),
        (WrongLedger("x"), WrongLedger),
        (LedgerReorged("x"), LedgerReorged),
        (LedgerBusy("x"), LedgerBusy),
        (LedgerUnavailable("x"), LedgerUnavailable),
        (LedgerFundsTooLow("x"), LedgerUnavailable),
        (PostingRefused("x"), Rejected),
    ],
)
def test_an_error_arrives_as_what_the_caller_does_next(error: RollupError, arrives_as: type[RollupError]) -> None:
    with pytest.raises(RollupError) as caught:
        decode_answer(json.loads(json.dumps(encode_error(error))))
    assert type(caught.value) is arrives_as
    if type(error) is arrives_as:
        assert str(caught.value) == str(error)


async def test_long_ranges_and_large_batches_come_in_pages() -> None:
    network = build_network()
    node = MemoryLedger(network, 7, MemoryPosting(KEY, PostingForm.FULL))
    body = bytes(100_000)
    for number in range(1, 31):
        header = BatchHeader(
            version=1,
            rollup_id=7,
            number=BatchNumber(number),
            parent_hash=ZERO_HASH,
            first_block=BlockNumber(number),
            last_block=BlockNumber(number),
            last_block_hash=ZERO_HASH,
            state_root=ZERO_HASH,
            outbox_root=ZERO_HASH,
            data_hash=keccak(body),
            data_length=len(body),
            cursors=(),
            start_time=1,
            end_time=1,
            sequencer_epoch=0,
        )
        network.put_raw(encode_posting(sign_batch(header, body, KEY), with_body=True))
        if number % 3 == 0:
            await network.mine()
    await network.mine(2 * SPAN_MAX)
    caller = ServedMethods(serve_methods(node))
    tip = network.chain.head.height
    seen = await RemoteLedger(caller, node.ledger_id).read_postings(0, tip)
    assert seen == await node.read_postings(0, tip)
    assert [posting.batch_number for posting in seen] == list(range(1, 31))
    assert caller.calls > tip // SPAN_MAX + 1


async def test_several_ledgers_are_told_apart() -> None:
    one, other = MemoryReader(build_network(), 7), MemoryReader(MemoryNetwork(MemoryRules(name="other")), 7)
    await other.network.mine()
    caller = ServedMethods(serve_methods(one, other))
    assert decode_answer(await caller.call("ledger_identity")) == [one.ledger_id, other.ledger_id]
    assert (await RemoteLedger(caller, one.ledger_id).read_head()).block.height == 0
    assert (await RemoteLedger(caller, other.ledger_id).read_head()).block.height == 1
    with pytest.raises(WrongLedger):
        await RemoteLedger(caller, MemoryNetwork(MemoryRules(name="third")).ledger_id).read_head()


@pytest.mark.parametrize(
    "params", [(), ("x",), (None, -1), (None, "0"), (None, True), (None, 0, SPAN_MAX), (None, 1, 2, 3)]
)
async def test_wrong_questions_are_rejected(params: tuple[object, ...]) -> None:
    node = MemoryReader(build_network(), 7)
    named = (node.ledger_id, *params[1:]) if params and params[0] is None else params
    for name in ("ledger_readBlock", "ledger_readPostings"):
        answer = await ServedMethods(serve_methods(node)).call(name, *named)
        with pytest.raises(Rejected):
            decode_answer(answer)


@pytest.mark.parametrize("page", [None, {}, {"last": 5, "postings": []}, {"last": -1, "postings": []}, {"last": 1}])
async def test_a_page_that_makes_no_progress_is_refused(page: object) -> None:
    async def answer(*params: object) -> object:
        return {"value": page}

    node = MemoryReader(build_network(), 7)
    with pytest.raises(LedgerUnavailable):
        await RemoteLedger(ServedMethods({"ledger_readPostings": answer}), node.ledger_id).read_postings(0, 1)
