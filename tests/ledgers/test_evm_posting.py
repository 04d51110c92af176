"""Posting to anvil where it is not plain: refusals, caps, stuck and large postings, old ledgers; and deploying."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from anvil_process import Anvil, start_anvil
from evm_site import POSTER_KEY, EvmSite, open_site
from ledger_suite import GENESIS_HASH, ROLLUP_ID, SEQUENCER, SEQUENCER_KEY, build_batches, post, read_all

from contracts import DEPLOYMENT_PROXY, load_artifact
from ledgers.evm.connector import EvmLedger, EvmRules
from ledgers.evm.deploy import DeployPatience, contract_address, deploy_contract
from ledgers.evm.fees import FeeCaps
from ledgers.evm.posting import EvmPosting, EvmPostingLedger
from ledgers.evm.signer import LocalSigner
from ledgers.transport import RpcTransport, TransportSettings
from rollup.core.batch import Batch, sign_batch
from rollup.core.errors import LedgerFeeTooLow, LedgerUnavailable, PostingRefused
from rollup.core.genesis import FinalityRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, LedgerId
from rollup.core.ledger import PostingForm, PostingState
from rollup.core.transaction import decode_transaction

ARGUMENTS = (SEQUENCER, ROLLUP_ID, GENESIS_HASH)
SIGNER = LocalSigner(POSTER_KEY)


@pytest.fixture
async def site(anvil: Anvil) -> AsyncIterator[EvmSite]:
    async with open_site(anvil.url, "BatchInbox", PostingForm.FULL) as site:
        yield site


@pytest.fixture
async def transport(anvil: Anvil) -> AsyncIterator[RpcTransport]:
    async with RpcTransport(TransportSettings(anvil.url)) as transport:
        yield transport


def enlarge(batches: list[Batch], length: int) -> list[Batch]:
    """The same batches with incompressible bodies, linked anew."""
    chain: list[Batch] = []
    for batch in batches:
        body = b"".join(keccak(b"%d %d" % (batch.header.number, word)) for word in range(length // 32))
        parent = chain[-1].hash if chain else batch.header.parent_hash
        header = replace(batch.header, parent_hash=parent, data_hash=keccak(body), data_length=len(body))
        chain.append(sign_batch(header, body, SEQUENCER_KEY))
    return chain


async def test_a_refusal_names_the_contracts_error(site: EvmSite) -> None:
    with pytest.raises(PostingRefused, match=r"WrongNumber\(1, 2\)"):
        await site.poster.prepare_posting(build_batches(2)[1], (await site.poster.read_account()).next_nonce, None)


async def test_an_address_without_a_contract_is_refused(site: EvmSite) -> None:
    rules = replace(site.rules, contract=Address(b"\x77" * 20))
    ledger = EvmPostingLedger(site.transport, rules, EvmPosting(SIGNER))
    with pytest.raises(PostingRefused, match="no contract at 0x7777"):
        await ledger.prepare_posting(build_batches(1)[0], (await ledger.read_account()).next_nonce, None)


async def test_full_size_batches_wait_behind_each_other_and_all_land(site: EvmSite) -> None:
    sent = await post(site, *enlarge(build_batches(4), 120_000))
    await site.mine()
    assert [(await site.poster.read_posting(prepared.tx_id)).state for prepared in sent] == [PostingState.INCLUDED] * 4
    assert [len(posting.batch.body) for posting in await read_all(site) if posting.batch] == [120_000] * 4


async def test_what_the_contract_refuses_in_the_block_has_failed(site: EvmSite) -> None:
    (batch,) = build_batches(1)
    first, second = await post(site, batch, batch)
    await site.mine()
    assert (await site.poster.read_posting(first.tx_id)).state is PostingState.INCLUDED
    failed = await site.poster.read_posting(second.tx_id)
    assert failed.state is PostingState.FAILED
    assert failed.height == (await site.reader.read_head()).block.height
    assert failed.fee_wei > 0
    assert len(await read_all(site)) == 1


async def test_a_posting_stuck_under_a_risen_base_fee_is_bumped_into_a_block(site: EvmSite) -> None:
    (batch,) = build_batches(1)
    (stuck,) = await post(site, batch)
    await site.control.call("anvil_setNextBlockBaseFeePerGas", hex(stuck.fee_wei_per_unit * 2))
    await site.mine()
    waiting = (await site.poster.read_posting(stuck.tx_id)).state
    assert waiting in (PostingState.PENDING, PostingState.UNKNOWN)  # anvil forgets it, other nodes keep it
    bumped = await site.poster.prepare_posting(batch, stuck.nonce, stuck)
    await site.poster.broadcast(bumped)
    await site.mine()
    assert (await site.poster.read_posting(bumped.tx_id)).state is PostingState.INCLUDED
    old, new = decode_transaction(stuck.raw), decode_transaction(bumped.raw)
    assert new.max_fee * 8 >= old.max_fee * 9
    assert new.max_tip * 8 >= old.max_tip * 9


async def test_the_cap_stops_offers_and_bumps(site: EvmSite) -> None:
    (batch,) = build_batches(1)
    nonce = (await site.poster.read_account()).next_nonce
    prepared = await site.poster.prepare_posting(batch, nonce, None)
    for cap in (1, prepared.fee_wei_per_unit):
        posting = EvmPosting(SIGNER, caps=FeeCaps(max_fee_wei=cap))
        with pytest.raises(LedgerFeeTooLow, match="the cap is"):
            await EvmPostingLedger(site.transport, site.rules, posting).prepare_posting(batch, nonce, prepared)


async def test_an_offer_below_the_base_fee_is_told_at_broadcast(site: EvmSite) -> None:
    (batch,) = build_batches(1)
    prepared = await site.poster.prepare_posting(batch, (await site.poster.read_account()).next_nonce, None)
    await site.control.call("anvil_setNextBlockBaseFeePerGas", hex(prepared.fee_wei_per_unit * 2))
    await site.mine()
    with pytest.raises(LedgerFeeTooLow):
        await site.poster.broadcast(prepared)


async def test_the_finalized_tag_is_followed(site: EvmSite) -> None:
    ledger = EvmLedger(site.transport, replace(site.rules, finality=FinalityRule.TAG))
    await site.mine(3)
    head = await ledger.read_head()
    answer = await site.control.call("eth_getBlockByNumber", "finalized", False)
    assert isinstance(answer, dict)
    assert head.finalized_height == int(answer["number"], 16)


async def test_a_ledger_without_base_fee_takes_legacy_transactions() -> None:
    with start_anvil("--hardfork", "berlin", "--no-mining") as anvil:
        async with RpcTransport(TransportSettings(anvil.url)) as transport:
            contract = Address(b"\x77" * 20)
            await transport.call("anvil_setCode", "0x" + contract.hex(), "0x00")
            rules = EvmRules(LedgerId("eip155:31337"), contract, ROLLUP_ID, FinalityRule.INSTANT)
            ledger = EvmPostingLedger(transport, rules, EvmPosting(SIGNER))
            prepared = await ledger.prepare_posting(build_batches(1)[0], 0, None)
            assert decode_transaction(prepared.raw).type == 0
            await ledger.broadcast(prepared)
            bumped = await ledger.prepare_posting(build_batches(1)[0], 0, prepared)
            await ledger.broadcast(bumped)
            await transport.call("evm_mine")
            assert (await ledger.read_posting(bumped.tx_id)).state is PostingState.INCLUDED


async def test_deploying_twice_sends_once(transport: RpcTransport) -> None:
    artifact = load_artifact("BatchInbox")
    address = await deploy_contract(transport, SIGNER, artifact, ARGUMENTS)
    assert address == contract_address(artifact, ARGUMENTS)
    assert await deploy_contract(transport, SIGNER, artifact, ARGUMENTS) == address
    assert await transport.call("eth_getTransactionCount", "0x" + SIGNER.address.hex(), "pending") == "0x1"


async def test_contracts_of_two_rollups_have_two_addresses(transport: RpcTransport) -> None:
    artifact = load_artifact("MirrorAnchor")
    one = await deploy_contract(transport, SIGNER, artifact, ARGUMENTS)
    assert await deploy_contract(transport, SIGNER, artifact, (SEQUENCER, ROLLUP_ID + 1, GENESIS_HASH)) != one


async def test_other_code_at_the_address_is_refused(transport: RpcTransport) -> None:
    artifact = load_artifact("BatchInbox")
    address = "0x" + contract_address(artifact, ARGUMENTS).hex()
    for code in (b"\x60", bytes(len(artifact.runtime))):
        await transport.call("anvil_setCode", address, "0x" + code.hex())
        with pytest.raises(PostingRefused, match="other code than BatchInbox"):
            await deploy_contract(transport, SIGNER, artifact, ARGUMENTS)


async def test_a_ledger_without_the_proxy_is_refused(transport: RpcTransport) -> None:
    await transport.call("anvil_setCode", "0x" + DEPLOYMENT_PROXY.hex(), "0x")
    with pytest.raises(PostingRefused, match="no deterministic deployment proxy"):
        await deploy_contract(transport, SIGNER, load_artifact("BatchInbox"), ARGUMENTS)


async def test_a_deployment_that_no_block_takes_is_given_up(transport: RpcTransport) -> None:
    await transport.call("evm_setAutomine", False)
    with pytest.raises(LedgerUnavailable, match="in no block"):
        await deploy_contract(
            transport,
            SIGNER,
            load_artifact("BatchInbox"),
            ARGUMENTS,
            DeployPatience(timeout_s=0.1, poll_interval_s=0.05),
        )
