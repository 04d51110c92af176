"""What every execution engine owes to the port ``Executor`` (rollup.core.execution), as one list of behaviours.

A test module opens an executor over ``GENESIS`` in a fixture ``executor`` of a class that inherits `ExecutorSuite`.
"""

import asyncio
from dataclasses import replace
from typing import Any, Protocol

import pytest
from eth_account import Account

from rollup.core.block import DEPOSIT_TYPE, Block, build_block_input
from rollup.core.cursor import LedgerMessage
from rollup.core.errors import InvalidBlock, UnknownBlock
from rollup.core.execution import (
    AccessListResult,
    AccountOverride,
    AccountProof,
    AccountState,
    BlockResult,
    BlockWork,
    CallRequest,
    CallResult,
    Candidate,
    ExecutorHead,
    SlotRequest,
)
from rollup.core.genesis import ChainGenesis, ChainRule, GenesisAccount
from rollup.core.hashes import address_of, keccak
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_HASH, Address, BlockNumber, LedgerIndex
from rollup.core.payload import BuiltPayload, PayloadRequest
from rollup.core.simulation import SimulatedBlock, SimulatedCall, SimulatedStep, SimulationRequest

KEYS = tuple(bytes(keccak(b"conformance account %d" % number)) for number in range(3))
ACCOUNTS = tuple(address_of(key) for key in KEYS)
ETHER = 10**18
STRANGER = Address(b"\x99" * 20)
COUNTER = Address(b"\xc0" * 20)
COUNTER_CODE = bytes.fromhex("5f546001015f5500")  # slot 0 += 1
REVERTER = Address(b"\xde" * 20)
REVERTER_CODE = bytes.fromhex("602a5f5260205ffd")  # revert with the word 42

GENESIS = ChainGenesis(
    ChainRule(chain_id=4242),
    1_700_000_000,
    (
        *((address, GenesisAccount(balance=100 * ETHER)) for address in ACCOUNTS),
        (COUNTER, GenesisAccount(nonce=1, code=COUNTER_CODE, storage=((0, 10),))),
        (REVERTER, GenesisAccount(nonce=1, code=REVERTER_CODE)),
    ),
)


class Executor(Protocol):
    """The whole port."""

    async def head(self) -> ExecutorHead: ...
    async def execute_block(self, work: BlockWork) -> BlockResult: ...
    async def rewind(self, number: BlockNumber) -> ExecutorHead: ...
    async def read_blocks(self, first: BlockNumber, count_max: int) -> tuple[Block, ...]: ...
    async def read_accounts(
        self, addresses: tuple[Address, ...], block: BlockNumber | None = None
    ) -> tuple[AccountState, ...]: ...
    async def read_code(self, address: Address, block: BlockNumber | None = None) -> bytes: ...
    async def read_storage(self, address: Address, slot: int, block: BlockNumber | None = None) -> int: ...
    async def call(self, request: CallRequest) -> CallResult: ...
    async def estimate_gas(self, request: CallRequest) -> CallResult: ...
    async def create_access_list(self, request: CallRequest) -> AccessListResult: ...
    async def read_slots(self, request: SlotRequest) -> tuple[tuple[int, ...], ...]: ...
    async def read_proof(
        self, address: Address, slots: tuple[int, ...], block: BlockNumber | None = None
    ) -> AccountProof: ...
    async def simulate(self, request: SimulationRequest) -> tuple[SimulatedBlock, ...]: ...
    async def build_payload(self, request: PayloadRequest) -> BuiltPayload: ...


def sign(account: int, nonce: int, to: Address = COUNTER, **changes: Any) -> Candidate:
    """A signed transaction; its sender is left to the executor to recover."""
    fields = {
        "type": 2,
        "chainId": GENESIS.rule.chain_id,
        "nonce": nonce,
        "maxFeePerGas": 3 * 10**9,
        "maxPriorityFeePerGas": 10**6,
        "gas": 100_000,
        "value": 0,
        "to": to,
    }
    return Candidate(bytes(Account.sign_transaction(fields | changes, KEYS[account]).raw_transaction))


async def next_work(executor: Executor, *candidates: Candidate, **changes: Any) -> BlockWork:
    header = (await executor.head()).header
    work = BlockWork(BlockNumber(header.number + 1), header.hash, header.timestamp + 1, candidates, time_budget_s=30.0)
    return replace(work, **changes)


async def seal(executor: Executor, *candidates: Candidate, **changes: Any) -> Block:
    result = await executor.execute_block(await next_work(executor, *candidates, **changes))
    assert result.block is not None
    return result.block


class ExecutorSuite:
    """Every executor behaves so."""

    async def test_begins_at_genesis(self, executor: Executor) -> None:
        head = await executor.head()
        assert (head.header.number, head.header.timestamp) == (0, GENESIS.timestamp)
        assert (head.genesis_hash, head.progress) == (head.header.hash, b"")

    async def test_a_block_becomes_the_head_with_its_progress(self, executor: Executor) -> None:
        block = await seal(executor, sign(0, 0), progress=b"batch 1")
        head = await executor.head()
        assert (head.header, head.progress) == (block.header, b"batch 1")
        assert await executor.read_blocks(BlockNumber(1), 10) == (block,)

    async def test_the_block_says_what_it_did(self, executor: Executor) -> None:
        result = await executor.execute_block(await next_work(executor, sign(0, 0, STRANGER, value=7), sign(1, 0)))
        assert result.block is not None
        assert result.block.senders == ACCOUNTS[:2]
        assert [receipt.status for receipt in result.block.receipts] == [1, 1]
        touched = {state.address: state for state in result.accounts}
        assert {ACCOUNTS[0], ACCOUNTS[1], STRANGER, COUNTER, GENESIS.rule.coinbase} <= set(touched)
        assert (touched[ACCOUNTS[0]].nonce, touched[STRANGER].balance) == (1, 7)
        assert await executor.read_accounts(tuple(touched)) == tuple(touched.values())

    async def test_a_sequencer_drops_what_is_invalid_with_its_reason(self, executor: Executor) -> None:
        candidates = (sign(0, 0), sign(0, 0), sign(0, 5), sign(1, 0, value=10**30))
        result = await executor.execute_block(await next_work(executor, *candidates))
        assert (result.tried, result.block and len(result.block.transactions)) == (4, 1)
        assert [(drop.error, drop.final) for drop in result.dropped] == [
            ("NonceTooLow", True),
            ("NonceTooHigh", False),
            ("InsufficientFunds", False),
        ]
        assert [drop.transaction_hash for drop in result.dropped] == [keccak(each.raw) for each in candidates[1:]]

    async def test_a_follower_gets_all_or_nothing(self, executor: Executor) -> None:
        before = await executor.head()
        with pytest.raises(InvalidBlock):
            await executor.execute_block(await next_work(executor, sign(0, 0), sign(0, 2), exact=True))
        assert await executor.head() == before
        assert len((await seal(executor, sign(0, 0), sign(0, 1), exact=True)).transactions) == 2

    async def test_a_follower_reaches_the_sequencers_block(self, executor: Executor) -> None:
        deposit = LedgerMessage(
            LedgerIndex(0), 1, 0, keccak(b"deposit"), STRANGER, ACCOUNTS[0], 5 * ETHER, ETHER, 50_000, b""
        )
        block = await seal(executor, sign(0, 0), sign(1, 3), sign(1, 0), messages=(deposit,))
        assert [receipt.type for receipt in block.receipts] == [DEPOSIT_TYPE, 2, 2]
        await executor.rewind(BlockNumber(0))
        found = build_block_input(block)
        derived = await seal(
            executor,
            *(Candidate(raw) for raw in found.transactions),
            messages=found.messages,
            timestamp=found.timestamp,
            exact=True,
        )
        assert derived == block

    async def test_what_does_not_follow_the_head_is_refused(self, executor: Executor) -> None:
        work = await next_work(executor, sign(0, 0))
        for wrong in (
            replace(work, number=BlockNumber(2)),
            replace(work, number=BlockNumber(0)),
            replace(work, parent_hash=ZERO_HASH),
            replace(work, timestamp=GENESIS.timestamp - 1),
        ):
            with pytest.raises(InvalidBlock):
                await executor.execute_block(wrong)
        await executor.execute_block(work)
        with pytest.raises(InvalidBlock):
            await executor.execute_block(work)

    async def test_empty_blocks_only_where_allowed(self, executor: Executor) -> None:
        result = await executor.execute_block(await next_work(executor, allow_empty=False))
        assert result.block is None
        assert (await seal(executor)).transactions == ()

    async def test_rewind_takes_back_blocks_state_and_progress(self, executor: Executor) -> None:
        first = await seal(executor, sign(0, 0), progress=b"1")
        second = await seal(executor, sign(0, 1), progress=b"2")
        head = await executor.rewind(BlockNumber(1))
        assert (head.header, head.progress) == (first.header, b"1")
        assert await executor.read_storage(COUNTER, 0) == 11
        with pytest.raises(UnknownBlock):
            await executor.read_blocks(BlockNumber(2), 1)
        assert await seal(executor, sign(0, 1)) == second
        with pytest.raises(UnknownBlock):
            await executor.rewind(BlockNumber(3))

    async def test_every_sealed_state_can_be_read(self, executor: Executor) -> None:
        for nonce in range(3):
            await seal(executor, sign(0, nonce))
        for number in range(4):
            block = BlockNumber(number)
            assert await executor.read_storage(COUNTER, 0, block) == 10 + number
            assert (await executor.read_accounts((ACCOUNTS[0],), block))[0].nonce == number
            assert await executor.read_code(COUNTER, block) == COUNTER_CODE
            assert (await executor.call(CallRequest(ACCOUNTS[0], COUNTER, block=block))).error == ""

    async def test_unknown_blocks_are_named_so(self, executor: Executor) -> None:
        nowhere = BlockNumber(9)
        for question in (
            executor.read_blocks(nowhere, 1),
            executor.read_accounts((STRANGER,), nowhere),
            executor.read_code(STRANGER, nowhere),
            executor.read_storage(STRANGER, 0, nowhere),
            executor.call(CallRequest(STRANGER, STRANGER, block=nowhere)),
            executor.estimate_gas(CallRequest(STRANGER, STRANGER, block=nowhere)),
        ):
            with pytest.raises(UnknownBlock):
                await question

    async def test_what_does_not_exist_is_empty(self, executor: Executor) -> None:
        (state,) = await executor.read_accounts((STRANGER,))
        assert (state.nonce, state.balance, state.code_hash) == (0, 0, EMPTY_CODE_HASH)
        assert await executor.read_code(STRANGER) == b""
        assert await executor.read_storage(STRANGER, 5) == 0

    async def test_a_revert_is_a_value(self, executor: Executor) -> None:
        result = await executor.call(CallRequest(STRANGER, REVERTER))
        assert (result.reverted, result.output) == (True, (42).to_bytes(32, "big"))
        block = await seal(executor, sign(0, 0, REVERTER))
        assert [receipt.status for receipt in block.receipts] == [0]

    async def test_calls_and_estimates_change_nothing(self, executor: Executor) -> None:
        before = await executor.head()
        overrides = ((COUNTER, AccountOverride(state_diff=((0, 99),))),)
        await executor.call(CallRequest(ACCOUNTS[0], COUNTER, overrides=overrides))
        estimate = await executor.estimate_gas(CallRequest(ACCOUNTS[0], COUNTER))
        assert await executor.head() == before
        assert await executor.read_storage(COUNTER, 0) == 10
        block = await seal(executor, sign(0, 0, gas=estimate.gas_used))
        assert [receipt.status for receipt in block.receipts] == [1]

    async def test_simulations_build_on_a_sealed_block_and_change_nothing(self, executor: Executor) -> None:
        await seal(executor, sign(0, 0))
        head = await executor.head()
        step = SimulatedStep(calls=(SimulatedCall(ACCOUNTS[0], COUNTER), SimulatedCall(ACCOUNTS[0], REVERTER)))
        for block, parent in ((None, head.header.hash), (BlockNumber(0), head.genesis_hash)):
            first, second = await executor.simulate(SimulationRequest((step, step), block, logs_transfers=True))
            assert first.block.header.parent_hash == parent
            assert second.block.header.parent_hash == first.block.header.hash
            assert [call.reverted for call in second.calls] == [False, True]
            assert first.transactions[0].hash == keccak(first.block.transactions[0])
        assert await executor.head() == head
        assert await executor.read_storage(COUNTER, 0) == 11

    async def test_proofs_slots_and_access_lists(self, executor: Executor) -> None:
        await seal(executor, sign(0, 0))
        for block, value in ((None, 11), (BlockNumber(0), 10)):
            proof = await executor.read_proof(COUNTER, (0, 1), block)
            assert [slot.value for slot in proof.slots] == [value, 0]
            assert keccak(proof.slots[0].nodes[0]) == proof.account.storage_root
            assert await executor.read_slots(SlotRequest(((COUNTER, (0,)),), block)) == ((value,),)
        listed = await executor.create_access_list(CallRequest(ACCOUNTS[0], COUNTER))
        assert listed.access_list == ((COUNTER, (0,)),)

    async def test_a_built_block_is_what_would_be_sealed_and_is_not_kept(self, executor: Executor) -> None:
        head = (await executor.head()).header
        rule = GENESIS.rule
        raws = (sign(0, 0).raw, sign(0, 5).raw)
        request = PayloadRequest(
            BlockNumber(0),
            head.timestamp + 1,
            ZERO_HASH,
            rule.coinbase,
            ZERO_HASH,
            (),
            rule.extra_data,
            raws,
            exact=False,
        )
        built = await executor.build_payload(request)
        assert (await executor.head()).header == head
        sealed = await seal(executor, Candidate(raws[0]))
        assert built.block.header == replace(sealed.header, prev_randao=ZERO_HASH, hash=built.block.header.hash)
        assert (built.block.receipts, built.block.senders) == (sealed.receipts, sealed.senders)

    async def test_commands_run_in_the_order_in_which_they_came(self, executor: Executor) -> None:
        work = await next_work(executor, sign(0, 0))
        async with asyncio.TaskGroup() as group:
            sealing = group.create_task(executor.execute_block(work))
            rewinding = group.create_task(executor.rewind(BlockNumber(0)))
            again = group.create_task(executor.execute_block(work))
        assert rewinding.result().header.number == 0
        assert sealing.result().block == again.result().block
