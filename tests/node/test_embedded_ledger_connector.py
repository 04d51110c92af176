"""The EVM connector on the devnet's own EVM ledger: the standard methods must be enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from ledger_suite import GENESIS_HASH, ROLLUP_ID, SEQUENCER, build_batches

from contracts import load_artifact
from ledgers.evm.connector import EvmRules
from ledgers.evm.deploy import deploy_contract
from ledgers.evm.posting import EvmPosting, EvmPostingLedger
from ledgers.evm.signer import LocalSigner
from ledgers.transport import RpcTransport, TransportSettings
from node.embedded_ledger import EmbeddedLedger, EmbeddedRules, open_embedded_ledger
from node.rollup_genesis import build_chain_genesis
from rollup.core.errors import LedgerFundsTooLow, LedgerNonceConflict, PostingRefused
from rollup.core.genesis import ChainRule, FinalityRule
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import Hash, LedgerId
from rollup.core.ledger import LedgerHead, PostingState, PostingStatus

CHAIN_ID = 900_901
KEY = bytes(keccak(b"poster of the embedded ledger"))
FINALITY_DEPTH = 2
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Embedded:
    chain: EmbeddedLedger
    ledger: EvmPostingLedger
    transport: RpcTransport

    async def wait_until_included(self, tx_id: Hash) -> PostingStatus:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                status = await self.ledger.read_posting(tx_id)
                if status.state in (PostingState.INCLUDED, PostingState.FAILED):
                    return status
                await asyncio.sleep(0.02)

    async def halt(self) -> int:
        """The height at which it stands still: a block may have been in hand."""
        await self.transport.call("devnet_halt")
        height = -1
        async with asyncio.timeout(PATIENCE_S):
            while height != (height := (await self.ledger.read_head()).block.height):  # noqa: ASYNC110
                await asyncio.sleep(0.3)
        return height

    async def wait_until_final(self, height: int) -> LedgerHead:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                head = await self.ledger.read_head()
                if head.finalized_height >= height:
                    return head
                await asyncio.sleep(0.02)


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Embedded]:
    rule = ChainRule(CHAIN_ID, transaction_bytes_max=200_000)
    genesis = build_chain_genesis(rule, 1_790_000_000, {address_of(KEY): 10**24})
    rules = EmbeddedRules("127.0.0.1", 0, block_time_s=0.1, finality_depth=FINALITY_DEPTH)
    async with AsyncExitStack() as stack:
        chain, server, _ = await stack.enter_async_context(open_embedded_ledger(tmp_path / "chain", genesis, rules))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = group.create_task(chain.run())
        stack.callback(running.cancel)
        transport = await stack.enter_async_context(RpcTransport(TransportSettings(server.url)))
        signer = LocalSigner(KEY)
        arguments = (SEQUENCER, ROLLUP_ID, GENESIS_HASH)
        contract = await deploy_contract(transport, signer, load_artifact("BatchInbox"), arguments)
        evm = EvmRules(LedgerId(f"eip155:{CHAIN_ID}"), contract, ROLLUP_ID, FinalityRule.TAG)
        yield Embedded(chain, EvmPostingLedger(transport, evm, EvmPosting(signer)), transport)


async def test_batches_are_posted_found_and_final(embedded: Embedded) -> None:
    ledger, batches = embedded.ledger, build_batches(3)
    nonce = (await ledger.read_account()).pending_nonce
    sent = []
    for index, batch in enumerate(batches):
        prepared = await ledger.prepare_posting(batch, nonce + index, None)
        await ledger.broadcast(prepared)
        await ledger.broadcast(prepared)
        sent.append(prepared)
    statuses = [await embedded.wait_until_included(prepared.tx_id) for prepared in sent]
    assert [status.state for status in statuses] == [PostingState.INCLUDED] * 3
    await ledger.broadcast(sent[0])
    head = await embedded.wait_until_final(statuses[-1].height or 0)
    seen = await ledger.read_postings(0, head.block.height)
    assert [posting.batch for posting in seen] == batches
    assert [posting.block_hash for posting in seen] == [status.block_hash for status in statuses]
    assert head.finalized_height == head.block.height - FINALITY_DEPTH


async def test_refusals_have_their_names(embedded: Embedded) -> None:
    ledger, (first, second) = embedded.ledger, build_batches(2)
    nonce = (await ledger.read_account()).next_nonce
    with pytest.raises(PostingRefused, match=r"WrongNumber\(1, 2\)"):
        await ledger.prepare_posting(second, nonce, None)
    poor = EvmPostingLedger(embedded.transport, ledger._rules, EvmPosting(LocalSigner(bytes(keccak(b"poor")))))
    with pytest.raises(LedgerFundsTooLow):
        await poor.prepare_posting(first, 0, None)
    with pytest.raises(LedgerNonceConflict):
        await ledger.prepare_posting(first, nonce - 1, None)


async def test_a_posting_that_waits_behind_a_gap_is_replaced(embedded: Embedded) -> None:
    ledger, (batch, child) = embedded.ledger, build_batches(2)
    nonce = (await ledger.read_account()).pending_nonce
    first = await ledger.prepare_posting(child, nonce + 1, None)
    await ledger.broadcast(first)
    second = await ledger.prepare_posting(child, nonce + 1, first)
    await ledger.broadcast(second)
    assert (await ledger.read_posting(second.tx_id)).state is PostingState.PENDING
    assert (await ledger.read_posting(first.tx_id)).state is PostingState.UNKNOWN
    await ledger.broadcast(await ledger.prepare_posting(batch, nonce, None))
    assert (await embedded.wait_until_included(second.tx_id)).state is PostingState.INCLUDED
    with pytest.raises(LedgerNonceConflict):
        await ledger.broadcast(first)


async def test_a_reorganisation_takes_a_posting_back(embedded: Embedded) -> None:
    ledger, (batch,) = embedded.ledger, build_batches(1)
    prepared = await ledger.prepare_posting(batch, (await ledger.read_account()).next_nonce, None)
    await ledger.broadcast(prepared)
    status = await embedded.wait_until_included(prepared.tx_id)
    assert status.height is not None
    depth = await embedded.halt() - status.height + 1
    await embedded.transport.call("devnet_reorg", depth)
    assert (await ledger.read_block(status.height)).hash != status.block_hash
    assert (await ledger.read_posting(prepared.tx_id)).state is PostingState.UNKNOWN
    await ledger.broadcast(prepared)
    again = await embedded.wait_until_included(prepared.tx_id)
    assert again.state is PostingState.INCLUDED
    assert again.block_hash != status.block_hash


async def test_while_halted_it_takes_transactions_and_seals_nothing(embedded: Embedded) -> None:
    ledger, (batch,) = embedded.ledger, build_batches(1)
    prepared = await ledger.prepare_posting(batch, (await ledger.read_account()).next_nonce, None)
    await embedded.transport.call("devnet_halt")
    async with asyncio.timeout(PATIENCE_S):
        await ledger.broadcast(prepared)
    height = (await ledger.read_head()).block.height
    assert (await ledger.read_posting(prepared.tx_id)).state is PostingState.PENDING
    await embedded.transport.call("devnet_resume")
    status = await embedded.wait_until_included(prepared.tx_id)
    assert status.state is PostingState.INCLUDED
    assert status.height is not None
    assert height < status.height <= height + 2  # a block may have been in hand
