"""What every connector owes to the port `Ledger`, as one list of behaviours.

A test module makes a `LedgerSite` (a real ledger that can be told to mine, reorganise, vanish) in a fixture ``site`` of
a class that inherits `LedgerSuite`.
"""

from typing import Protocol

import pytest

from rollup.core.batch import Batch, BatchHeader, sign_batch
from rollup.core.cursor import Cursor
from rollup.core.errors import (
    LedgerFundsTooLow,
    LedgerNonceConflict,
    LedgerUnavailable,
    UnknownBlock,
    WrongLedger,
)
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import BatchNumber, BlockNumber, Hash, LedgerIndex
from rollup.core.ledger import (
    CarriesPostings,
    Ledger,
    PostingForm,
    PostingState,
    PreparedPosting,
    SeenPosting,
)

ROLLUP_ID = 7_001
SEQUENCER_KEY = bytes(keccak(b"sequencer of the conformance tests"))
SEQUENCER = address_of(SEQUENCER_KEY)
GENESIS_HASH = keccak(b"genesis of the conformance tests")


class PostingLedger(Ledger, CarriesPostings, Protocol):
    """A ledger that is read and posted to."""


class LedgerSite(Protocol):
    """``reader`` is tested; ``poster`` reaches the same ledger. ``finality_depth`` blocks on top make a block final."""

    reader: Ledger
    poster: PostingLedger
    finality_depth: int

    async def mine(self, count: int = 1) -> None: ...

    async def reorg(self, depth: int) -> None:
        """Replace the top blocks by empty ones."""
        ...

    async def put_garbage(self) -> None:
        """What anybody may put where postings are: nothing of it is one. In the next block at the latest."""
        ...

    async def drop(self, tx_id: Hash) -> None:
        """Make the node forget a waiting transaction."""
        ...

    async def go_offline(self) -> None: ...

    async def go_online(self) -> None: ...

    async def switch_chain(self) -> None:
        """Another ledger answers at the reader's address."""
        ...

    async def open_poor(self) -> CarriesPostings:
        """A poster whose account has nothing."""
        ...


def build_batches(count: int) -> list[Batch]:
    """Signed batches 1..count, each the child of the one before."""
    batches: list[Batch] = []
    for number in range(1, count + 1):
        body = b"compressed blocks of batch %d" % number
        header = BatchHeader(
            version=1,
            rollup_id=ROLLUP_ID,
            number=BatchNumber(number),
            parent_hash=batches[-1].hash if batches else GENESIS_HASH,
            first_block=BlockNumber(number * 3 - 2),
            last_block=BlockNumber(number * 3),
            last_block_hash=keccak(b"block %d" % number),
            state_root=keccak(b"state %d" % number),
            outbox_root=keccak(b"outbox %d" % number),
            data_hash=keccak(body),
            data_length=len(body),
            cursors=(Cursor(LedgerIndex(0), 17 + number, keccak(b"ledger block")),),
            start_time=1_790_000_000,
            end_time=1_790_000_001,
            sequencer_epoch=0,
        )
        batches.append(sign_batch(header, body, SEQUENCER_KEY))
    return batches


async def post(site: LedgerSite, *batches: Batch) -> list[PreparedPosting]:
    """Prepare and send, one nonce after the other, without mining."""
    sent = []
    for batch in batches:
        nonce = (await site.poster.read_account()).pending_nonce
        prepared = await site.poster.prepare_posting(batch, nonce, None)
        await site.poster.broadcast(prepared)
        sent.append(prepared)
    return sent


async def read_all(site: LedgerSite) -> tuple[SeenPosting, ...]:
    return await site.reader.read_postings(0, (await site.reader.read_head()).block.height)


def carried(batch: Batch, form: PostingForm) -> Batch | None:
    """What of a batch a posting of this form brings back."""
    if form is PostingForm.POINTER:
        return None
    body = batch.body if form is PostingForm.FULL else b""
    return Batch(batch.header, batch.header_bytes, batch.hash, batch.signature, body)


class LedgerSuite:
    async def test_head_advances_with_the_chain(self, site: LedgerSite) -> None:
        before = await site.reader.read_head()
        await site.mine(3)
        after = await site.reader.read_head()
        assert after.block.height == before.block.height + 3
        assert after.block.time >= before.block.time

    async def test_finalized_height_follows_the_rule(self, site: LedgerSite) -> None:
        early = await site.reader.read_head()
        assert early.finalized_height == max(early.block.height - site.finality_depth, -1)
        await site.mine(site.finality_depth + 2)
        late = await site.reader.read_head()
        assert late.finalized_height == late.block.height - site.finality_depth

    async def test_blocks_by_height_link_to_their_parents(self, site: LedgerSite) -> None:
        await site.mine(3)
        tip = (await site.reader.read_head()).block
        blocks = [await site.reader.read_block(height) for height in range(tip.height + 1)]
        assert [block.height for block in blocks] == list(range(tip.height + 1))
        assert [block.parent_hash for block in blocks[1:]] == [block.hash for block in blocks[:-1]]
        assert blocks[-1] == tip

    async def test_what_is_above_the_tip_is_unknown(self, site: LedgerSite) -> None:
        above = (await site.reader.read_head()).block.height + 1
        with pytest.raises(UnknownBlock):
            await site.reader.read_block(above)
        with pytest.raises(UnknownBlock):
            await site.reader.read_postings(0, above)

    async def test_postings_come_in_chain_order_with_their_content(self, site: LedgerSite) -> None:
        first, second, third = build_batches(3)
        sent = await post(site, first, second)
        await site.mine()
        sent += await post(site, third)
        await site.mine()
        seen = await read_all(site)
        form = site.poster.posting_form
        assert [posting.batch_number for posting in seen] == [1, 2, 3]
        assert [posting.batch_hash for posting in seen] == [first.hash, second.hash, third.hash]
        assert [posting.batch for posting in seen] == [carried(batch, form) for batch in (first, second, third)]
        assert [posting.tx_id for posting in seen] == [prepared.tx_id for prepared in sent]
        assert [(posting.height, posting.position) for posting in seen] == sorted(
            (posting.height, posting.position) for posting in seen
        )
        for posting in seen:
            assert (await site.reader.read_block(posting.height)).hash == posting.block_hash

    async def test_a_range_of_blocks_holds_its_postings_only(self, site: LedgerSite) -> None:
        first, second = build_batches(2)
        await post(site, first)
        await site.mine()
        await post(site, second)
        await site.mine()
        one, two = (posting.height for posting in await read_all(site))
        assert [posting.batch_number for posting in await site.reader.read_postings(one, one)] == [1]
        assert [posting.batch_number for posting in await site.reader.read_postings(one + 1, two)] == [2]
        assert await site.reader.read_postings(two, one) == ()

    async def test_garbage_counts_for_nothing(self, site: LedgerSite) -> None:
        await site.put_garbage()
        await post(site, *build_batches(1))
        await site.put_garbage()
        await site.mine()
        assert [posting.batch_number for posting in await read_all(site)] == [1]

    async def test_a_posting_is_unknown_then_pending_then_included(self, site: LedgerSite) -> None:
        (batch,) = build_batches(1)
        account = await site.poster.read_account()
        prepared = await site.poster.prepare_posting(batch, account.next_nonce, None)
        assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.UNKNOWN
        await site.poster.broadcast(prepared)
        assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.PENDING
        await site.mine()
        status = await site.poster.read_posting(prepared.tx_id)
        (seen,) = await read_all(site)
        assert (status.state, status.height, status.block_hash) == (
            PostingState.INCLUDED,
            seen.height,
            seen.block_hash,
        )
        after = await site.poster.read_account()
        assert 0 < status.fee_wei == account.balance_wei - after.balance_wei

    async def test_the_account_counts_what_waits_apart(self, site: LedgerSite) -> None:
        start = await site.poster.read_account()
        await post(site, *build_batches(2))
        waiting = await site.poster.read_account()
        assert (waiting.next_nonce, waiting.pending_nonce) == (start.next_nonce, start.next_nonce + 2)
        await site.mine()
        done = await site.poster.read_account()
        assert (done.next_nonce, done.pending_nonce) == (start.next_nonce + 2, start.next_nonce + 2)

    async def test_broadcasting_again_is_one_posting(self, site: LedgerSite) -> None:
        (prepared,) = await post(site, *build_batches(1))
        await site.poster.broadcast(prepared)
        await site.mine()
        await site.poster.broadcast(prepared)
        await site.mine()
        assert len(await read_all(site)) == 1

    async def test_preparing_again_gives_the_same_batch_at_the_same_nonce(self, site: LedgerSite) -> None:
        (batch,) = build_batches(1)
        nonce = (await site.poster.read_account()).next_nonce
        one = await site.poster.prepare_posting(batch, nonce, None)
        two = await site.poster.prepare_posting(batch, nonce, None)
        assert (one.batch_number, one.nonce, one.bumps) == (two.batch_number, two.nonce, two.bumps) == (1, nonce, 0)

    async def test_a_replacement_takes_the_place(self, site: LedgerSite) -> None:
        (batch,) = build_batches(1)
        (first,) = await post(site, batch)
        second = await site.poster.prepare_posting(batch, first.nonce, first)
        assert (second.nonce, second.bumps) == (first.nonce, 1)
        assert second.fee_wei_per_unit * 10 >= first.fee_wei_per_unit * 11
        await site.poster.broadcast(second)
        await site.mine()
        assert [posting.tx_id for posting in await read_all(site)] == [second.tx_id]
        assert (await site.poster.read_posting(first.tx_id)).state is PostingState.UNKNOWN
        assert (await site.poster.read_posting(second.tx_id)).state is PostingState.INCLUDED

    async def test_a_taken_nonce_is_a_conflict(self, site: LedgerSite) -> None:
        first, second = build_batches(2)
        (replaced,) = await post(site, first)
        await site.poster.broadcast(await site.poster.prepare_posting(first, replaced.nonce, replaced))
        await site.mine()
        with pytest.raises(LedgerNonceConflict):
            await site.poster.broadcast(replaced)
        with pytest.raises(LedgerNonceConflict):
            await site.poster.prepare_posting(second, replaced.nonce, None)

    async def test_a_dropped_posting_is_unknown_and_can_be_sent_again(self, site: LedgerSite) -> None:
        (prepared,) = await post(site, *build_batches(1))
        await site.drop(prepared.tx_id)
        assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.UNKNOWN
        await site.poster.broadcast(prepared)
        await site.mine()
        assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.INCLUDED

    async def test_a_reorganisation_is_seen(self, site: LedgerSite) -> None:
        await site.mine()
        (prepared,) = await post(site, *build_batches(1))
        await site.mine(2)
        (seen,) = await read_all(site)
        await site.reorg(2)
        assert (await site.reader.read_block(seen.height)).hash != seen.block_hash
        assert await read_all(site) == ()
        gone = await site.poster.read_posting(prepared.tx_id)
        assert gone.state in (PostingState.UNKNOWN, PostingState.PENDING)
        await site.poster.broadcast(prepared)
        await site.mine()
        (again,) = await read_all(site)
        assert (again.tx_id, again.batch_hash) == (seen.tx_id, seen.batch_hash)

    async def test_an_account_without_funds_is_told(self, site: LedgerSite) -> None:
        poor = await site.open_poor()
        with pytest.raises(LedgerFundsTooLow):
            await poor.prepare_posting(build_batches(1)[0], 0, None)

    async def test_a_silent_node_is_unavailable_until_it_is_back(self, site: LedgerSite) -> None:
        (batch,) = build_batches(1)
        prepared = await site.poster.prepare_posting(batch, (await site.poster.read_account()).next_nonce, None)
        await site.go_offline()
        with pytest.raises(LedgerUnavailable):
            await site.reader.read_head()
        with pytest.raises(LedgerUnavailable):
            await site.reader.read_block(0)
        with pytest.raises(LedgerUnavailable):
            await site.reader.read_postings(0, 0)
        with pytest.raises(LedgerUnavailable):
            await site.poster.broadcast(prepared)
        await site.go_online()
        assert (await site.reader.read_head()).block.height >= 0

    async def test_a_node_of_another_chain_is_refused_at_any_time(self, site: LedgerSite) -> None:
        await site.reader.read_head()
        await site.switch_chain()
        with pytest.raises(WrongLedger):
            await site.reader.read_head()
        with pytest.raises(WrongLedger):
            await site.reader.read_postings(0, 0)
