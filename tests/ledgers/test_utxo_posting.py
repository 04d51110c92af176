"""Posting through Litecoin Core where it is not plain: forks, coins that went elsewhere, limits, refusals, restarts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ledger_suite import ROLLUP_ID, build_batches, post, read_all
from litecoind_process import start_litecoind
from utxo_site import COIN, LEDGER_ID, UtxoSite, open_site

from ledgers.registry import LedgerSettings, open_ledger
from ledgers.transport import RpcTransport, TransportSettings
from ledgers.utxo.fees import UtxoFees
from ledgers.utxo.posting import UtxoPosting, UtxoPostingLedger
from rollup.core.batch import Pointer, encode_pointer
from rollup.core.errors import (
    LedgerBusy,
    LedgerFeeTooLow,
    LedgerFundsTooLow,
    LedgerNonceConflict,
    LedgerUnavailable,
    PostingRefused,
    UnknownBlock,
)
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber, Hash, LedgerIndex
from rollup.core.ledger import PostingState

CHAIN_LIMIT = 25
"""Transactions that wait on each other, at most (-limitancestorcount of the reference clients)."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[UtxoSite]:
    async with open_site(tmp_path) as site:
        yield site


async def test_a_fork_takes_a_posting_away_and_gives_it_back(site: UtxoSite) -> None:
    (prepared,) = await post(site, *build_batches(1))
    await site.mine()
    (seen,) = await read_all(site)
    await site.control.call("invalidateblock", seen.block_hash.hex())
    with pytest.raises(UnknownBlock):
        await site.reader.read_postings(seen.height, seen.height)
    assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.PENDING
    account = await site.poster.read_account()
    assert (account.next_nonce, account.pending_nonce) == (0, 1)
    await site.control.call("reconsiderblock", seen.block_hash.hex())
    assert await read_all(site) == (seen,)
    assert (await site.poster.read_posting(prepared.tx_id)).block_hash == seen.block_hash
    assert (await site.poster.read_account()).next_nonce == 1


async def test_a_spent_coin_frees_the_batch_for_another_nonce(site: UtxoSite) -> None:
    """Somebody empties the wallet while a posting waits to be sent."""
    first, second = build_batches(2)
    await post(site, first)
    await site.mine()
    stuck = await site.poster.prepare_posting(second, 1, None)
    balance = (await site.poster.read_account()).balance_wei
    elsewhere = await site.miner.call("getnewaddress")
    await site.wallet.call("sendtoaddress", elsewhere, balance / COIN, "", "", True)
    await site.mine()
    with pytest.raises(LedgerFundsTooLow):
        await site.poster.prepare_posting(second, 1, None)
    await site.fund(site.wallet, COIN)
    with pytest.raises(LedgerNonceConflict):
        await site.poster.broadcast(stuck)
    account = await site.poster.read_account()
    assert (account.next_nonce, account.pending_nonce) == (2, 2)
    anew = await site.poster.prepare_posting(second, 2, None)
    await site.poster.broadcast(anew)
    await site.mine()
    assert (await site.poster.read_posting(anew.tx_id)).state is PostingState.INCLUDED
    assert (await UtxoPostingLedger(site.transport, site.rules).read_account()).next_nonce == 3


async def test_an_abandoned_posting_can_be_sent_again(site: UtxoSite) -> None:
    (prepared,) = await post(site, *build_batches(1))
    await site.drop(prepared.tx_id)
    await site.wallet.call("abandontransaction", prepared.tx_id.hex())
    assert (await site.poster.read_posting(prepared.tx_id)).state is PostingState.UNKNOWN
    assert (await site.poster.read_account()).pending_nonce == 0
    await site.poster.broadcast(prepared)
    await site.mine()
    assert [posting.tx_id for posting in await read_all(site)] == [prepared.tx_id]


async def test_what_waits_for_a_forgotten_posting_waits_its_turn(site: UtxoSite) -> None:
    first, second = build_batches(2)
    await site.poster.prepare_posting(first, 0, None)
    with pytest.raises(LedgerBusy, match="waits for nonce 0"):
        await site.poster.prepare_posting(second, 1, None)


async def test_a_full_chain_of_waiting_postings_asks_for_patience(site: UtxoSite) -> None:
    *fitting, last = build_batches(CHAIN_LIMIT + 1)
    await post(site, *fitting)
    prepared = await site.poster.prepare_posting(last, CHAIN_LIMIT, None)
    with pytest.raises(LedgerBusy, match="too-long-mempool-chain"):
        await site.poster.broadcast(prepared)
    await site.mine()
    await site.poster.broadcast(prepared)
    await site.mine()
    assert [posting.batch_number for posting in await read_all(site)] == list(range(1, CHAIN_LIMIT + 2))


async def test_a_replacement_pays_for_what_it_evicts(site: UtxoSite) -> None:
    first, second = build_batches(2)
    stuck, behind = await post(site, first, second)
    bumped = await site.poster.prepare_posting(first, 0, stuck)
    await site.poster.broadcast(bumped)
    assert (await site.poster.read_posting(behind.tx_id)).state is PostingState.UNKNOWN
    await site.mine()
    with pytest.raises(LedgerNonceConflict):
        await site.poster.broadcast(behind)
    account = await site.poster.read_account()
    assert account.next_nonce == 2  # the second can be prepared anew
    await post(site, second)
    await site.mine()
    assert [posting.batch_number for posting in await read_all(site)] == [1, 2]


async def test_a_small_coin_is_topped_up_from_the_wallet(site: UtxoSite) -> None:
    await site.make_wallet("small")
    small = await site.open_ledger("small")
    await site.miner.call("sendtoaddress", (await small.read_account()).address, "0.00006")
    await site.mine()
    first, second = build_batches(2)
    await small.broadcast(await small.prepare_posting(first, 0, None))
    with pytest.raises(LedgerFundsTooLow):
        await small.prepare_posting(second, 1, None)
    await site.miner.call("sendtoaddress", (await small.read_account()).address, "0.0001")
    await site.mine()
    await small.broadcast(await small.prepare_posting(second, 1, None))
    await site.mine()
    assert [posting.batch_number for posting in await read_all(site)] == [1, 2]


async def test_the_cap_stops_bumps(site: UtxoSite) -> None:
    (batch,) = build_batches(1)
    capped = UtxoPostingLedger(site.transport, site.rules, UtxoPosting(fees=UtxoFees(cap=2)))
    prepared = await capped.prepare_posting(batch, 0, None)
    assert prepared.fee_wei_per_unit == 2
    with pytest.raises(LedgerFeeTooLow, match="the cap is 2"):
        await capped.prepare_posting(batch, 0, prepared)


async def test_a_node_that_takes_no_replacements_keeps_the_first(site: UtxoSite) -> None:
    """As Litecoin Core does unless told otherwise."""
    await site.restart("-mempoolreplacement=0")
    (batch,) = build_batches(1)
    (first,) = await post(site, batch)
    with pytest.raises(LedgerNonceConflict, match="txn-mempool-conflict"):
        await site.poster.broadcast(await site.poster.prepare_posting(batch, 0, first))
    await site.mine()
    assert [posting.tx_id for posting in await read_all(site)] == [first.tx_id]
    assert (await site.poster.read_account()).next_nonce == 1


async def test_pointers_of_others_are_read_and_followed(site: UtxoSite) -> None:
    """Anybody may write a pointer; whether it counts is not the connector's question."""
    await site.put_data(encode_pointer(Pointer(ROLLUP_ID, BatchNumber(5), keccak(b"another"))))
    await site.put_data(encode_pointer(Pointer(ROLLUP_ID + 1, BatchNumber(5), keccak(b"another"))))
    await site.mine()
    (seen,) = await read_all(site)
    assert (seen.batch_number, seen.batch_hash, seen.batch) == (5, keccak(b"another"), None)
    status = await site.poster.read_posting(seen.tx_id)
    assert (status.state, status.height) == (PostingState.INCLUDED, seen.height)
    await site.reorg(1)
    assert (await site.poster.read_posting(seen.tx_id)).state is PostingState.PENDING
    assert (await site.poster.read_posting(Hash(bytes(32)))).state is PostingState.UNKNOWN
    assert (await site.poster.read_account()).next_nonce == 0


async def test_a_node_that_stopped_goes_on_where_it_was(site: UtxoSite) -> None:
    first, second = build_batches(2)
    await post(site, first)
    await site.mine()
    before = await site.poster.read_account()
    site.litecoind.stop()
    with pytest.raises(LedgerUnavailable):
        await site.reader.read_head()
    await site.restart()
    assert await site.poster.read_account() == before
    await post(site, second)
    await site.mine()
    assert [posting.batch_number for posting in await read_all(site)] == [1, 2]


async def test_a_wallet_that_is_not_loaded_is_loaded(site: UtxoSite) -> None:
    before = await site.poster.read_account()
    await site.control.call("unloadwallet", "poster")
    with pytest.raises(LedgerBusy, match="was not loaded"):
        await site.poster.read_account()
    assert await site.poster.read_account() == before


async def test_a_locked_wallet_is_told(site: UtxoSite) -> None:
    await site.wallet.call("encryptwallet", "secret")
    with pytest.raises(PostingRefused, match="passphrase"):
        await site.poster.prepare_posting(build_batches(1)[0], 0, None)
    await site.wallet.call("walletpassphrase", "secret", 60)
    assert (await site.poster.prepare_posting(build_batches(1)[0], 0, None)).nonce == 0


async def test_a_cookie_file_opens_the_door(tmp_path: Path) -> None:
    spec = LedgerSpec(LedgerIndex(1), LEDGER_ID, "utxo", LedgerRole.MIRROR, FinalityRule.DEPTH, 6, "", 0)
    with start_litecoind(tmp_path / "node", "regtest", "cookie") as node:
        bare = f"http://127.0.0.1:{node.port}/"
        while not node.cookie_file.exists():
            assert node.process is not None
            assert node.process.poll() is None
        async with RpcTransport(TransportSettings(bare, cookie_file=node.cookie_file)) as transport:
            await node.ready(transport)
        async with open_ledger(spec, LedgerSettings(f"{bare}?cookie={node.cookie_file}"), ROLLUP_ID) as ledger:
            assert (await ledger.read_head()).block.height == 0
        async with open_ledger(spec, LedgerSettings(bare), ROLLUP_ID) as ledger:
            with pytest.raises(LedgerUnavailable, match="HTTP 401"):
                await ledger.read_head()
