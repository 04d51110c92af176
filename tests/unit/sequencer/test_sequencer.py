"""The sequencer on the real virtual machine and store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pool_accounts import ETHER, GWEI, signed_transfer, signer_of
from running import GENESIS, PROMPT, SIGNER, START, FixedInputs, Switch, open_parts, running

from rollup.core.confirmation import check_confirmation
from rollup.core.cursor import Cursor
from rollup.core.errors import AlreadyKnown, InsufficientFunds, NonceTooLow, SettlementBacklog, UnprotectedTransaction
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
        assert (node.sequencer.counts, node.store.journal.replay()) == ((0, 0), [])


async def test_load_is_sealed_in_order_of_arrival_and_of_nonces(parts: Parts) -> None:
    async with running(*parts) as node:
        raws = [signed_transfer(index, nonce).raw for nonce in range(20) for index in range(3)]
        assert await node.submit_all(raws) == [keccak(raw) for raw in raws]
        await node.heard.until(lambda heard: len(heard.included) == len(raws))
        assert node.heard.included == raws
        assert [block.header.number for block in node.heard.blocks] == list(range(1, len(node.heard.blocks) + 1))
