"""Blocks on a real database: what is included, what is dropped, what is refused, what comes back after a reopen."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from vm_chain import (
    ACCOUNTS,
    CHAIN_ID,
    COUNTER,
    ETHER,
    GENESIS,
    LOGGER,
    RULE,
    SPINNER,
    build_genesis_of,
    execute,
    open_engine,
    seal,
    sign,
    work_on,
)

from rollup.core.block import Block
from rollup.core.cursor import LedgerMessage
from rollup.core.errors import InvalidBlock, UnknownBlock
from rollup.core.execution import CallRequest, Candidate
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, Address, BlockNumber, LedgerIndex
from rollup.vm.calls import CallLimits
from rollup.vm.engine import Engine

STRANGER = Address(b"\x99" * 20)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(tmp_path)
    yield opened
    opened.close()


def read_slot(engine: Engine, address: Address, slot: int = 0, block: int | None = None) -> int:
    return engine.read_storage(address, slot, None if block is None else BlockNumber(block))


def balance(engine: Engine, address: Address, block: int | None = None) -> int:
    return engine.read_accounts((address,), None if block is None else BlockNumber(block))[0].balance


def message(position: int, **changes: object) -> LedgerMessage:
    deposit = LedgerMessage(
        LedgerIndex(0), 5, position, keccak(bytes([position])), STRANGER, ACCOUNTS[0], 7 * ETHER, ETHER, 21_000, b""
    )
    return replace(deposit, **changes)


class TestBuilding:
    def test_includes_in_order_and_reports_the_touched_accounts(self, engine: Engine) -> None:
        result = execute(engine, sign(0, 0), sign(1, 0, STRANGER, value=5), sign(0, 1))
        assert result.block is not None
        assert result.tried == 3
        assert result.block.senders == (ACCOUNTS[0], ACCOUNTS[1], ACCOUNTS[0])
        states = {state.address: state for state in result.accounts}
        assert states[ACCOUNTS[0]].nonce == 2
        assert states[STRANGER].balance == 5
        assert read_slot(engine, COUNTER) == 43
        assert tuple(states.values()) == engine.read_accounts(tuple(states), None)

    def test_cumulative_gas_adds_up(self, engine: Engine) -> None:
        block = seal(engine, sign(0, 0), sign(1, 0), sign(2, 0, LOGGER))
        used = [receipt.gas_used for receipt in block.receipts]
        assert [receipt.cumulative_gas_used for receipt in block.receipts] == [used[0], sum(used[:2]), sum(used)]
        assert block.header.gas_used == sum(used)

    def test_recovers_the_sender_where_none_is_given(self, engine: Engine) -> None:
        block = seal(engine, Candidate(sign(3, 0).raw))
        assert block.senders == (ACCOUNTS[3],)

    @pytest.mark.parametrize(
        ("candidate", "error", "final"),
        [
            (sign(0, 1), "NonceTooHigh", False),
            (sign(0, 0, value=10**30), "InsufficientFunds", False),
            (sign(0, 0, maxFeePerGas=10**6), "FeeTooLow", False),
            (sign(0, 0, gas=20_000), "IntrinsicGasTooLow", True),
            (sign(0, 0, chainId=CHAIN_ID + 1), "WrongChain", True),
            (Candidate(b"\x02\xc0"), "MalformedTransaction", True),
            (Candidate(b""), "MalformedTransaction", True),
            (Candidate(b"\x7e\xc0"), "UnsupportedTransactionType", True),
        ],
    )
    def test_drops_what_is_invalid_and_goes_on(
        self, engine: Engine, candidate: Candidate, error: str, final: bool
    ) -> None:
        before = engine.head().header.state_root
        result = execute(engine, candidate, sign(1, 0))
        assert result.block is not None
        assert result.block.senders == (ACCOUNTS[1],)
        assert result.tried == 2
        assert [(drop.error, drop.final) for drop in result.dropped] == [(error, final)]
        assert result.dropped[0].transaction_hash == keccak(candidate.raw)
        assert engine.read_accounts((ACCOUNTS[0],), None)[0].nonce == 0
        assert result.block.header.state_root != before

    def test_drops_what_the_engine_fails_on(self, engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
        broken = Candidate(sign(0, 0).raw, sender="no address")  # type: ignore[arg-type]
        result = execute(engine, broken, sign(1, 0))
        assert [(drop.error, drop.final) for drop in result.dropped] == [("EngineDefect", True)]
        assert result.block is not None
        assert result.block.senders == (ACCOUNTS[1],)
        assert "Traceback" in capfd.readouterr().err
        with pytest.raises(TypeError):
            execute(engine, replace(broken, raw=sign(0, 0).raw), exact=True)
        assert seal(engine, sign(0, 0), exact=True).header.number == 2

    def test_a_used_nonce_is_dropped_for_good(self, engine: Engine) -> None:
        seal(engine, sign(0, 0))
        (dropped,) = execute(engine, sign(0, 0)).dropped
        assert (dropped.error, dropped.final) == ("NonceTooLow", True)
        assert dropped.message.startswith("nonce too low")

    def test_closes_at_the_gas_limit_and_leaves_the_rest_untried(self, tmp_path: Path) -> None:
        engine = open_engine(tmp_path, build_genesis_of(replace(RULE, gas_limit=200_000)))
        candidates = (sign(0, 0), sign(1, 0, SPINNER), sign(2, 0, gas=90_000), sign(3, 0, gas=30_000))
        result = execute(engine, *candidates)
        assert result.block is not None
        assert (len(result.block.transactions), result.tried, result.dropped) == (2, 2, ())
        assert execute(engine, sign(2, 0, gas=200_001)).dropped[0].error == "GasLimitTooHigh"
        engine.close()

    def test_closes_at_bytes_max(self, engine: Engine) -> None:
        candidates = [sign(key, 0, data=b"\x01" * 400) for key in range(4)]
        result = execute(engine, *candidates, bytes_max=2 * len(candidates[0].raw) + 10)
        assert result.tried == 2
        assert execute(engine, *candidates[2:], bytes_max=1).tried == 1

    def test_closes_when_its_time_is_spent(self, engine: Engine) -> None:
        spins = [sign(0, nonce, SPINNER, gas=400_000) for nonce in range(20)]
        result = execute(engine, *spins, time_budget_s=0.1)
        assert result.tried < len(spins)
        assert len(result.dropped) <= 1

    def test_a_long_transaction_waits_for_a_block_of_its_own_and_is_then_dropped(self, engine: Engine) -> None:
        spin = sign(1, 0, SPINNER, gas=16_000_000)
        result = execute(engine, sign(0, 0), spin, sign(2, 0), time_budget_s=0.05)
        assert (result.tried, result.dropped) == (1, ())
        result = execute(engine, spin, sign(2, 0), time_budget_s=0.05)
        assert [(drop.error, drop.final) for drop in result.dropped] == [("ExecutionTooLong", True)]
        assert (result.tried, result.block.transactions if result.block else None) == (1, ())
        assert engine.read_accounts((ACCOUNTS[1],), None)[0].nonce == 0

    def test_empty_blocks_only_where_allowed(self, engine: Engine) -> None:
        head = engine.head()
        result = execute(engine, sign(0, 1), allow_empty=False, progress=b"no")
        assert (result.block, result.accounts, len(result.dropped)) == (None, (), 1)
        assert engine.head() == head
        assert seal(engine).transactions == ()

    def test_between_is_called_after_every_transaction_and_while_sealing(self, engine: Engine) -> None:
        seen = []
        work = work_on(engine, sign(0, 0), sign(0, 1))
        engine.execute_block(work, lambda: seen.append(read_slot(engine, COUNTER)))
        assert seen == [41] * 5  # questions see the last sealed block


class TestRefusals:
    def test_a_number_that_does_not_follow(self, engine: Engine) -> None:
        with pytest.raises(InvalidBlock, match="block 2 cannot follow head 0"):
            execute(engine, number=BlockNumber(2))

    def test_the_same_block_twice(self, engine: Engine) -> None:
        work = work_on(engine, sign(0, 0))
        engine.execute_block(work, lambda: None)
        with pytest.raises(InvalidBlock, match="block 1 cannot follow head 1"):
            engine.execute_block(work, lambda: None)

    def test_a_wrong_parent(self, engine: Engine) -> None:
        with pytest.raises(InvalidBlock) as caught:
            execute(engine, parent_hash=ZERO_HASH)
        assert ZERO_HASH.hex() in str(caught.value)
        assert engine.head().header.hash.hex() in str(caught.value)

    def test_a_time_before_the_parents(self, engine: Engine) -> None:
        with pytest.raises(InvalidBlock, match="has time"):
            execute(engine, timestamp=GENESIS.timestamp - 1)

    def test_exact_work_with_an_invalid_transaction_changes_nothing(self, engine: Engine) -> None:
        head = engine.head()
        with pytest.raises(InvalidBlock, match="transaction 1: nonce too high"):
            execute(engine, sign(0, 0), sign(1, 4), exact=True)
        assert engine.head() == head
        block = seal(engine, sign(0, 0), exact=True)
        assert block.header.number == 1
        assert read_slot(engine, COUNTER) == 42

    def test_exact_work_knows_no_time(self, engine: Engine) -> None:
        block = seal(engine, *(sign(key, 0) for key in range(3)), exact=True, time_budget_s=0.0, bytes_max=1)
        assert len(block.transactions) == 3


class TestPersistence:
    def test_a_reopened_engine_goes_on(self, tmp_path: Path) -> None:
        engine = open_engine(tmp_path)
        block = seal(engine, sign(0, 0), progress=b"one")
        head = engine.head()
        engine.close()
        engine = open_engine(tmp_path)
        assert engine.head() == head
        assert head.progress == b"one"
        assert engine.read_blocks(BlockNumber(1), 5) == (block,)
        assert seal(engine, sign(0, 1)).header.number == 2
        assert engine.head().progress == b"one"
        engine.close()

    def test_two_engines_derive_the_same_blocks(self, tmp_path: Path) -> None:
        builder, follower = open_engine(tmp_path / "a"), open_engine(tmp_path / "b")
        for round_ in range(4):
            work = work_on(builder, *(sign(key, round_, COUNTER if key % 2 else LOGGER) for key in range(6)))
            if round_ == 2:
                work = replace(work, messages=(message(0),))
            block = builder.execute_block(work, lambda: None).block
            assert block is not None
            derived = replace(work, candidates=tuple(Candidate(each.raw) for each in work.candidates), exact=True)
            assert follower.execute_block(derived, lambda: None).block == block
        builder.close()
        follower.close()

    def test_the_state_after_every_block_stays_readable(self, engine: Engine) -> None:
        for nonce in range(5):
            seal(engine, sign(0, nonce), sign(1, nonce, STRANGER, value=10))
        assert [read_slot(engine, COUNTER, block=number) for number in range(6)] == [41, 42, 43, 44, 45, 46]
        assert [balance(engine, STRANGER, number) for number in range(6)] == [0, 10, 20, 30, 40, 50]

    def test_records_are_forgotten_once_stored_elsewhere(self, engine: Engine) -> None:
        blocks = [seal(engine, sign(0, nonce)) for nonce in range(3)]
        seal(engine, stored_through=BlockNumber(2))
        with pytest.raises(UnknownBlock, match="no longer held"):
            engine.read_blocks(BlockNumber(2), 1)
        assert engine.read_blocks(BlockNumber(3), 1) == (blocks[2],)
        assert engine.read_header(BlockNumber(1)) == blocks[0].header
        seal(engine, stored_through=BlockNumber(99))
        assert len(engine.read_blocks(BlockNumber(5), 9)) == 1

    def test_blocks_above_the_head_are_unknown(self, engine: Engine) -> None:
        for read in (
            lambda: engine.read_header(BlockNumber(1)),
            lambda: engine.read_header(BlockNumber(-1)),
            lambda: engine.read_blocks(BlockNumber(1), 1),
            lambda: engine.read_accounts((STRANGER,), BlockNumber(7)),
        ):
            with pytest.raises(UnknownBlock):
                read()

    def test_results_cross_a_pipe(self, engine: Engine) -> None:
        result = execute(engine, sign(0, 0), sign(5, 5))
        assert pickle.loads(pickle.dumps(result)) == result


class TestRewind:
    def fill(self, engine: Engine) -> list[Block]:
        return [seal(engine, sign(0, nonce), progress=b"p%d" % nonce) for nonce in range(4)]

    def test_goes_back_and_repeats_the_same_blocks(self, engine: Engine) -> None:
        blocks = self.fill(engine)
        head = engine.rewind(BlockNumber(1))
        assert (head.header, head.progress) == (blocks[0].header, b"p0")
        assert read_slot(engine, COUNTER) == 42
        with pytest.raises(UnknownBlock):
            engine.read_header(BlockNumber(2))
        assert seal(engine, sign(0, 1)) == blocks[1]
        other = seal(engine, sign(1, 0, STRANGER, value=1))
        assert other.header.number == 3
        assert other.header.hash != blocks[2].header.hash

    def test_survives_a_reopen(self, tmp_path: Path) -> None:
        engine = open_engine(tmp_path)
        blocks = self.fill(engine)
        engine.rewind(BlockNumber(2))
        engine.close()
        engine = open_engine(tmp_path)
        assert engine.head().header == blocks[1].header
        assert engine.head().progress == b"p1"
        engine.close()

    def test_to_genesis_and_to_the_head_itself(self, engine: Engine) -> None:
        genesis = engine.head()
        self.fill(engine)
        assert engine.rewind(BlockNumber(4)).header.number == 4
        assert engine.rewind(BlockNumber(0)) == genesis

    def test_above_the_head_is_unknown(self, engine: Engine) -> None:
        with pytest.raises(UnknownBlock):
            engine.rewind(BlockNumber(1))


class TestCalls:
    LIMITS = CallLimits(gas_max=10**7)

    def test_run_on_the_state_after_a_block(self, engine: Engine) -> None:
        seal(engine, sign(0, 0, STRANGER, value=5))
        request = CallRequest(STRANGER, ACCOUNTS[0], value=5)
        assert engine.call(request, self.LIMITS).error == ""
        assert engine.estimate_gas(replace(request, to=COUNTER), self.LIMITS).gas_used > 21_000
        with pytest.raises(UnknownBlock):
            engine.call(replace(request, block=BlockNumber(9)), self.LIMITS)

    def test_leave_no_trace_in_the_next_block(self, tmp_path: Path) -> None:
        quiet, asked = open_engine(tmp_path / "a"), open_engine(tmp_path / "b")
        for nonce in range(3):
            for _ in range(2):
                asked.call(CallRequest(ACCOUNTS[1], COUNTER), self.LIMITS)
                asked.estimate_gas(CallRequest(ACCOUNTS[1], LOGGER), self.LIMITS)
            assert seal(asked, sign(0, nonce)) == seal(quiet, sign(0, nonce))
        quiet.close()
        asked.close()
