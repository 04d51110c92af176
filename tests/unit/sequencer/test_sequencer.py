"""The sequencer on the real virtual machine and store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pool_accounts import ETHER, GWEI, signed_transfer, signer_of
from running import PROMPT, SIGNER, START, FixedInputs, Switch, open_parts, running

from rollup.core.confirmation import check_confirmation
from rollup.core.cursor import Cursor
from rollup.core.errors import (
    AlreadyKnown,
    ExecutionTooLong,
    InsufficientFunds,
    NonceTooLow,
    SettlementBacklog,
    TransactionTooLarge,
    UnprotectedTransaction,
)
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import Hash, LedgerIndex
from rollup.sequencer.settings import BlockSettings
from rollup.store.store import Store
from rollup.vm.client import VmClient

Parts = tuple[VmClient, Store]


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with open_parts(tmp_path) as opened:
        yield opened


async def test_a_transaction_goes_from_bytes_to_a_signed_block(parts: Parts) -> None:
    async with running(*parts) as node:
        transaction = signed_transfer(0)
        assert await node.sequencer.submit(transaction.raw) == transaction.hash
        await node.heard.until(lambda heard: bool(heard.included))
        block, confirmation = node.heard.blocks[0], node.heard.confirmations[0]
        assert block.transactions == (transaction.raw,)
        assert block.senders == (signer_of(0),)
        assert block.receipts[0].status == 1
        assert confirmation is not None
        check_confirmation(confirmation, SIGNER.rollup_id, address_of(SIGNER.private_key))
        assert confirmation.block_hash == block.header.hash
        assert node.store.blocks.block(block.header.number) == block
        assert node.sequencer.counts == (0, 0)


async def test_load_is_sealed_in_order_of_arrival_and_of_nonces(parts: Parts) -> None:
    async with running(*parts) as node:
        for index in range(3):
            await node.sequencer.submit(signed_transfer(index).raw)
        raws = [signed_transfer(index, nonce).raw for nonce in range(1, 20) for index in range(3)]
        assert await node.submit_all(raws) == [keccak(raw) for raw in raws]
        await node.heard.until(lambda heard: len(heard.included) == 60)
        assert node.heard.included[3:] == raws
        assert [block.header.number for block in node.heard.blocks] == list(range(1, len(node.heard.blocks) + 1))


async def test_senders_unknown_so_far_are_read_once_and_keep_their_nonces_in_turn(parts: Parts) -> None:
    async with running(*parts) as node:
        raws = [signed_transfer(index, nonce).raw for nonce in range(5) for index in range(3)]
        await node.submit_all(raws)
        await node.heard.until(lambda heard: len(heard.included) == len(raws))
        for index in range(3):
            assert [raw for raw in node.heard.included if raw in raws[index::3]] == raws[index::3]


async def test_refusals_come_with_geths_words(parts: Parts) -> None:
    slow = replace(PROMPT, block=BlockSettings(block_interval_s=600.0, idle_block_interval_s=600.0))
    async with running(*parts, slow) as node:
        await node.sequencer.submit(signed_transfer(0).raw)
        with pytest.raises(AlreadyKnown, match=r"^already known$"):
            await node.sequencer.submit(signed_transfer(0).raw)
        with pytest.raises(InsufficientFunds, match=r"^insufficient funds for gas \* price \+ value: balance "):
            await node.sequencer.submit(signed_transfer(1, value=100 * ETHER).raw)
        with pytest.raises(InsufficientFunds, match="balance 0, tx cost"):
            await node.sequencer.submit(signed_transfer(99).raw)
        legacy = dict.fromkeys(["type", "maxFeePerGas", "maxPriorityFeePerGas", "chainId"])
        with pytest.raises(UnprotectedTransaction, match=r"^only replay-protected \(EIP-155\) transactions allowed"):
            await node.sequencer.submit(signed_transfer(0, gasPrice=2 * GWEI, **legacy).raw)


async def test_included_nonces_are_too_low(parts: Parts) -> None:
    async with running(*parts) as node:
        await node.sequencer.submit(signed_transfer(0).raw)
        await node.heard.until(lambda heard: bool(heard.included))
        with pytest.raises(NonceTooLow, match="next nonce 1, tx nonce 0"):
            await node.sequencer.submit(signed_transfer(0, value=5).raw)


async def test_what_was_acknowledged_survives_a_restart_in_order(parts: Parts) -> None:
    slow = replace(PROMPT, block=BlockSettings(block_interval_s=600.0, idle_block_interval_s=600.0))
    transactions = [signed_transfer(0, 0), signed_transfer(1, 0), signed_transfer(0, 2), signed_transfer(0, 1)]
    async with running(*parts, slow) as node:
        await node.heard.until(lambda heard: bool(heard.blocks))  # the next one is due in ten minutes
        for transaction in transactions:
            await node.sequencer.submit(transaction.raw)
        assert node.sequencer.counts == (4, 0)
    async with running(*parts) as node:
        await node.heard.until(lambda heard: len(heard.included) == 4)
        assert node.heard.included == [transactions[index].raw for index in (0, 1, 3, 2)]
        assert node.sequencer.pending_nonce(signer_of(0)) is None


async def test_a_full_settlement_backlog_stops_submissions_and_user_blocks(parts: Parts) -> None:
    backlog = Switch()
    slow = replace(PROMPT, block=BlockSettings(block_interval_s=0.02, idle_block_interval_s=0.05))
    async with running(*parts, slow, backlog=backlog) as node:
        await node.sequencer.submit(signed_transfer(0, 1).raw)  # waits for nonce 0
        await node.sequencer.submit(signed_transfer(0, 0).raw)
        backlog.full = True
        with pytest.raises(SettlementBacklog, match="settlement backlog"):
            await node.sequencer.submit(signed_transfer(1).raw)
        await node.heard.until(lambda heard: len(heard.blocks) >= 3)
        backlog.full = False
        node.sequencer.wake()
        await node.heard.until(lambda heard: len(heard.included) == 2)


async def test_ledger_input_goes_first_and_is_consumed_once(parts: Parts) -> None:
    cursor = Cursor(LedgerIndex(1), 5, Hash(b"\x05" * 32))
    inputs = FixedInputs(cursors=(cursor,))
    async with running(*parts, inputs=inputs) as node:
        await node.sequencer.submit(signed_transfer(0).raw)
        await node.heard.until(lambda heard: bool(heard.blocks))
        block = node.heard.blocks[0]
        assert block.cursors == (cursor,)
        assert [raw[0] for raw in block.transactions] == [0x7E, 0x02]
        await node.sequencer.submit(signed_transfer(0, 1).raw)
        await node.heard.until(lambda heard: len(heard.blocks) == 2)
        assert node.heard.blocks[1].cursors == ()


async def test_timestamps_never_decrease_when_the_clock_goes_back(parts: Parts) -> None:
    times = iter([START + 50.0, START + 90.0])
    now = [START + 100.0]
    async with running(*parts, clock=lambda: now[0]) as node:
        for nonce in range(3):
            await node.sequencer.submit(signed_transfer(0, nonce).raw)
            await node.heard.until(lambda heard, count=nonce + 1: len(heard.included) == count)
            now[0] = next(times, 0.0)
        assert [block.header.timestamp for block in node.heard.blocks] == [START + 100] * 3


async def test_a_clock_that_jumps_ahead_drops_nothing_that_was_acknowledged(parts: Parts) -> None:
    now = [START + 100.0]
    async with running(*parts, clock=lambda: now[0]) as node:
        waiting = signed_transfer(1, 1)  # for its nonce to be filled
        await node.sequencer.submit(waiting.raw)
        now[0] += 30 * 24 * 3600
        await node.sequencer.submit(signed_transfer(0).raw)
        await node.heard.until(lambda heard: len(heard.included) == 1)
        await node.sequencer.submit(signed_transfer(1, 0).raw)
        await node.heard.until(lambda heard: waiting.raw in heard.included)


async def test_bytes_beyond_the_limit_are_refused_unread(parts: Parts) -> None:
    async with running(*parts) as node:
        for garbage in (b"\xc0", b"\x02", b"\xff"):
            with pytest.raises(TransactionTooLarge, match="transaction size 98305, limit 98304"):
                await node.sequencer.submit(garbage * 98_305)


async def test_who_wastes_a_block_waits_and_others_do_not(parts: Parts) -> None:
    hurried = replace(PROMPT, block=replace(PROMPT.block, time_budget_s=0.05))
    loop = {"to": None, "data": "0x5b600056", "gas": 16_000_000}
    async with running(*parts, hurried) as node:
        endless, behind = signed_transfer(0, 0, **loop), signed_transfer(0, 1)
        for transaction in (endless, behind):
            await node.sequencer.submit(transaction.raw)
        await node.sequencer.submit(signed_transfer(1).raw)
        await node.heard.until(lambda heard: signed_transfer(1).raw in heard.included)
        assert node.sequencer.counts == (0, 1)  # nonce 1, which waits for nonce 0
        with pytest.raises(ExecutionTooLong, match="an earlier transaction of this sender; try again in"):
            await node.sequencer.submit(signed_transfer(0).raw)


async def test_a_replacement_does_not_save_who_wastes_a_block(parts: Parts) -> None:
    hurried = replace(PROMPT, block=replace(PROMPT.block, time_budget_s=0.3))
    price = 10**10
    async with running(*parts, hurried) as node:
        with pytest.raises(ExecutionTooLong):  # noqa: PT012
            async with asyncio.timeout(20):
                while True:
                    price = price * 12 // 10
                    fees = {"maxFeePerGas": price, "maxPriorityFeePerGas": price}
                    loop = signed_transfer(0, to=None, data="0x5b600056", gas=500_000 * 16, **fees)
                    await node.sequencer.submit(loop.raw)
                    await asyncio.sleep(0.1)


async def test_idle_chains_seal_empty_blocks_at_the_idle_interval(parts: Parts) -> None:
    fixed = replace(PROMPT, block=BlockSettings(block_interval_s=0.03, idle_block_interval_s=0.03))
    async with running(*parts, fixed) as node:
        await node.heard.until(lambda heard: len(heard.blocks) == 3)
        assert node.heard.included == []


async def test_what_the_engine_refuses_for_good_leaves_with_its_reason(parts: Parts) -> None:
    """An endless loop is within its gas, but not within the work that one transaction may cost a node."""
    loop = {"to": None, "data": "0x5b600056", "gas": 16_000_000}
    async with running(*parts) as node:
        endless, plain = signed_transfer(0, **loop), signed_transfer(1)
        for transaction in (endless, plain):
            await node.sequencer.submit(transaction.raw)
        await node.heard.until(lambda heard: plain.raw in heard.included)
        if endless.raw not in node.heard.included:
            assert "transaction exceeds the execution time limit" in (node.sequencer.find_reason(endless.hash) or "")
            assert node.sequencer.find(endless.hash) is None


async def test_one_thing_pooled_can_be_found_and_listed(parts: Parts) -> None:
    slow = replace(PROMPT, block=BlockSettings(block_interval_s=600.0, idle_block_interval_s=600.0))
    async with running(*parts, slow) as node:
        await node.heard.until(lambda heard: bool(heard.blocks))
        pending, queued = signed_transfer(0), signed_transfer(0, 4)
        for transaction in (pending, queued):
            await node.sequencer.submit(transaction.raw)
        assert node.sequencer.find(pending.hash) == (pending, signer_of(0))
        assert node.sequencer.content() == {signer_of(0): ({0: pending}, {4: queued})}
        assert node.sequencer.content(signer_of(1)) == {signer_of(1): ({}, {})}
        assert node.sequencer.counts == (1, 1)
        assert node.sequencer.bytes_held == len(pending.raw) + len(queued.raw)


async def test_a_block_that_was_committed_but_not_stored_is_fetched_at_the_next_start(tmp_path: Path) -> None:
    async with open_parts(tmp_path / "a") as (vm, store), open_parts(tmp_path / "b") as (_, behind):
        async with running(vm, store) as node:
            for nonce in range(2):
                await node.sequencer.submit(signed_transfer(0, nonce).raw)
                await node.heard.until(lambda heard, count=nonce + 1: len(heard.included) == count)
            sealed = node.heard.blocks[-1]
        first = store.blocks.block(sealed.header.number - 1)
        assert first is not None
        behind.blocks.append_block(first)
        async with running(vm, behind) as node:
            assert node.heard.blocks == [sealed]
            assert behind.blocks.head_number() == sealed.header.number
            assert node.sequencer.head == sealed.header


async def test_cancelled_callers_do_not_disturb_the_rest(parts: Parts) -> None:
    async with running(*parts) as node:
        async with asyncio.TaskGroup() as group:
            lost = group.create_task(node.sequencer.submit(signed_transfer(0).raw))
            kept = group.create_task(node.sequencer.submit(signed_transfer(1).raw))
            await asyncio.sleep(0)
            lost.cancel()
        assert kept.result() == signed_transfer(1).hash
        await node.heard.until(lambda heard: signed_transfer(1).raw in heard.included)
