"""Simulated blocks: the calls of real blocks of every fork reach the real roots; hashes, roots and logs agree."""

from dataclasses import replace
from pathlib import Path

import pytest
import rlp
from foreign_chain import BLOCKS_PER_FORK, FORKS, make_chain
from trie import HexaryTrie
from vm_chain import ACCOUNTS, COUNTER, ETHER, GENESIS, LOGGER, SPINNER

from rollup.core.block import Block
from rollup.core.errors import (
    BlockGasLimitReached,
    BlockNumbersUnordered,
    BlockTimesUnordered,
    CallTimedOut,
    FeeTooLow,
    InsufficientFunds,
    IntrinsicGasTooLow,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    OverrideRefused,
    TooManyBlocks,
)
from rollup.core.execution import AccountOverride, BlockOverride, CallRequest
from rollup.core.forks import Fork
from rollup.core.hashes import keccak
from rollup.core.header_codec import encode_header
from rollup.core.ids import Address, Hash
from rollup.core.receipt_rlp import encode_receipt_rlp
from rollup.core.simulation import SimulatedBlock, SimulatedCall, SimulatedStep, SimulationRequest
from rollup.core.transaction import decode_transaction
from rollup.vm.calls import CallLimits
from rollup.vm.engine import Engine
from rollup.vm.geth_genesis import parse_geth_genesis
from rollup.vm.import_chain import replay_chain
from rollup.vm.receipts import build_bloom

LIMITS = CallLimits(gas_max=50_000_000)
ALICE, BOB = ACCOUNTS[:2]
PAUPER = Address(b"\x9a" * 20)
CODED = Address(b"\x9b" * 20)
PAY_ON = bytes.fromhex("5f5f5f5f34619a9a5af15f5fa0")  # pass the value on to 0x9a9a, then log nothing
REVERT = bytes.fromhex("5f5f5f5f34619a9a5af15f5ffd")  # pass the value on, then revert
DESTROY = bytes.fromhex("619a9aff")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine.open(tmp_path, GENESIS)


def simulate(engine: Engine, *steps: SimulatedStep, **more: object) -> tuple[SimulatedBlock, ...]:
    return engine.simulate(SimulationRequest(steps, **more), LIMITS)


def calls(*given: SimulatedCall, **more: object) -> SimulatedStep:
    return SimulatedStep(calls=given, **more)


def root_of(values: list[bytes]) -> Hash:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    return Hash(trie.root_hash)


def check_block(block: Block) -> None:
    """Everything in a header that its block determines."""
    header = block.header
    assert header.hash == keccak(encode_header(header))
    assert header.transactions_root == root_of(list(block.transactions))
    assert header.receipts_root == root_of([encode_receipt_rlp(receipt) for receipt in block.receipts])
    assert header.logs_bloom == build_bloom(tuple(log for receipt in block.receipts for log in receipt.logs))
    assert header.gas_used == sum(receipt.gas_used for receipt in block.receipts)
    assert [receipt.transaction_hash for receipt in block.receipts] == [keccak(raw) for raw in block.transactions]


# --- against blocks that another client made --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, list[Block]]:
    foreign = Engine.open(tmp_path_factory.mktemp("simulated"), parse_geth_genesis(make_chain().genesis))
    return foreign, list(replay_chain(foreign, make_chain().file))


def as_step(block: Block) -> SimulatedStep:
    """The block as a simulation would be asked for it."""
    header = block.header
    context = BlockOverride(
        timestamp=header.timestamp,
        gas_limit=header.gas_limit,
        coinbase=header.coinbase,
        prev_randao=header.prev_randao,
        base_fee=header.base_fee,
        beacon_root=header.parent_beacon_root,
        withdrawals=block.withdrawals,
    )
    signed = zip(block.senders, map(decode_transaction, block.transactions), strict=True)
    return SimulatedStep(
        context,
        calls=tuple(
            SimulatedCall(
                sender=sender,
                to=each.to,
                data=each.data,
                value=each.value,
                gas=each.gas,
                nonce=each.nonce,
                gas_price=each.max_fee if each.type < 2 else None,
                max_fee=each.max_fee,
                max_tip=each.max_tip,
                access_list=each.access_list,
                authorizations=each.authorizations if each.type == 4 else None,
                blob_hashes=each.blob_hashes if each.type == 3 else None,
                max_blob_fee=each.max_blob_fee,
            )
            for sender, each in signed
        ),
    )


@pytest.mark.parametrize("fork", [Fork.BYZANTIUM, Fork.BERLIN, Fork.LONDON, Fork.PARIS, Fork.SHANGHAI, Fork.PRAGUE])
def test_the_calls_of_a_block_reach_its_roots(imported: tuple[Engine, list[Block]], fork: Fork) -> None:
    """Its first block has no ommers, which simulations do not have."""
    foreign, blocks = imported
    number = [each for each, _ in FORKS].index(fork) * BLOCKS_PER_FORK
    real = blocks[number - 1]
    request = SimulationRequest((as_step(real),), real.header.number - 1, validates=True)  # type: ignore[arg-type]
    (made,) = foreign.simulate(request, LIMITS)
    check_block(made.block)
    header = made.block.header
    assert (header.state_root, header.gas_used) == (real.header.state_root, real.header.gas_used)
    kept = ("parent_hash", "number", "logs_bloom", "withdrawals_root", "blob_gas_used", "requests_hash", "field_count")
    assert [getattr(header, name) for name in kept] == [getattr(real.header, name) for name in kept]
    if fork >= Fork.CANCUN:
        assert header.excess_blob_gas == real.header.excess_blob_gas


def test_simulated_blocks_leave_no_trace(imported: tuple[Engine, list[Block]]) -> None:
    foreign, _ = imported
    head = foreign.head()
    simulate(foreign, calls(SimulatedCall(make_sender(foreign), PAUPER, value=1)))
    assert foreign.head() == head
    assert foreign.read_accounts((PAUPER,), None)[0].balance == 0


def make_sender(foreign: Engine) -> Address:
    return next(sender for sender in (foreign.read_blocks(foreign.head().header.number, 1)[0].senders))


# --- blocks -----------------------------------------------------------------------------------------------------------


def test_blocks_build_on_each_other_and_gaps_are_filled(engine: Engine) -> None:
    pay = SimulatedCall(ALICE, PAUPER, value=7)
    made = simulate(engine, calls(pay), calls(pay, context=BlockOverride(number=4)), calls(pay))
    base = engine.head().header
    assert [each.block.header.number for each in made] == [1, 2, 3, 4, 5]
    assert [each.block.header.timestamp - base.timestamp for each in made] == [12, 24, 36, 48, 60]
    assert [len(each.calls) for each in made] == [1, 0, 0, 1, 1]
    parents = [base.hash, *(each.block.header.hash for each in made)]
    assert [each.block.header.parent_hash for each in made] == parents[:-1]
    for each in made:
        check_block(each.block)
    assert [each.transactions[0].nonce for each in made if each.transactions] == [0, 1, 2]


def test_later_blocks_know_the_hashes_of_earlier_ones(engine: Engine) -> None:
    ask = bytes.fromhex("5f354060005260206000f3")
    step = SimulatedStep(overrides=((CODED, AccountOverride(code=ask)),))
    query = SimulatedCall(ALICE, CODED, data=(2).to_bytes(32, "big"))
    genesis = SimulatedCall(ALICE, CODED, data=(0).to_bytes(32, "big"))
    made = simulate(engine, step, SimulatedStep(), calls(query, genesis))
    assert [call.output for call in made[2].calls] == [made[1].block.header.hash, engine.head().header.hash]


def test_a_block_is_what_it_is_told_to_be(engine: Engine) -> None:
    told = BlockOverride(9, 1_800_000_000, 1_000_000, PAUPER, Hash(b"\x01" * 32), 5, 6)
    code = bytes.fromhex("435f5242602052456040524160605244608052486060526060606052" + "4a60a05260c05ff3")
    *_, made = simulate(
        engine, calls(SimulatedCall(ALICE, CODED), context=told, overrides=((CODED, AccountOverride(code=code)),))
    )
    words = [int.from_bytes(made.calls[0].output[at : at + 32], "big") for at in range(0, 192, 32)]
    assert (words[0], words[1], words[2]) == (9, 1_800_000_000, 1_000_000)
    assert (words[4], words[5]) == (int.from_bytes(b"\x01" * 32, "big"), 6)
    header = made.block.header
    assert (header.coinbase, header.base_fee, header.gas_limit) == (PAUPER, 5, 1_000_000)


def test_the_base_fee_is_zero_unless_validated(engine: Engine) -> None:
    (free,) = simulate(engine, SimulatedStep())
    (validated,) = simulate(engine, SimulatedStep(), validates=True)
    assert free.block.header.base_fee == 0
    assert validated.block.header.base_fee > 0


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ((BlockOverride(number=0),), BlockNumbersUnordered),
        ((BlockOverride(number=5), BlockOverride(number=5)), BlockNumbersUnordered),
        ((BlockOverride(timestamp=1_700_000_000),), BlockTimesUnordered),
        ((BlockOverride(number=3, timestamp=1_700_000_024),), BlockTimesUnordered),
        ((BlockOverride(number=257),), TooManyBlocks),
    ],
)
def test_blocks_come_in_order(engine: Engine, steps: tuple[BlockOverride, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        simulate(engine, *(SimulatedStep(context) for context in steps))


def test_256_blocks_are_not_too_many(engine: Engine) -> None:
    assert len(simulate(engine, SimulatedStep(BlockOverride(number=256)))) == 256


# --- calls ------------------------------------------------------------------------------------------------------------


def test_state_lives_on_from_call_to_call(engine: Engine) -> None:
    count = SimulatedCall(ALICE, COUNTER)
    (made,) = simulate(engine, calls(count, count))
    assert [call.error for call in made.calls] == ["", ""]
    probe = CallRequest(ALICE, COUNTER)
    assert made.calls[0].gas_used == engine.call(probe, LIMITS).gas_used


def test_refunds_come_off_the_gas_used_but_not_off_its_peak(engine: Engine) -> None:
    clear = bytes.fromhex("5f5f5500")
    given = AccountOverride(code=clear, state=((0, 1),))
    (made,) = simulate(engine, calls(SimulatedCall(ALICE, CODED), overrides=((CODED, given),)))
    call = made.calls[0]
    assert call.gas_used_max - call.gas_used == 4_800


def test_calls_share_the_gas_of_their_block_and_the_cap(engine: Engine) -> None:
    spin = SimulatedCall(ALICE, SPINNER, gas=900_000)
    narrow = BlockOverride(gas_limit=1_000_000)
    with pytest.raises(BlockGasLimitReached, match="900000 >= 1000000"):
        simulate(engine, calls(spin, spin, context=narrow))
    request = SimulationRequest((calls(replace(spin, gas=None), SimulatedCall(ALICE, PAUPER, gas=30_000)),))
    with pytest.raises(IntrinsicGasTooLow):
        engine.simulate(request, CallLimits(gas_max=100_000))


def test_a_deadline_ends_it(engine: Engine) -> None:
    request = SimulationRequest((calls(SimulatedCall(ALICE, SPINNER)),))
    with pytest.raises(CallTimedOut):
        engine.simulate(request, CallLimits(gas_max=30_000_000, deadline=0.0))


def test_only_validation_asks_for_nonces_and_fees(engine: Engine) -> None:
    fee = 10**10
    strange = SimulatedCall(ALICE, PAUPER, nonce=5)
    assert simulate(engine, calls(strange))[0].calls[0].error == ""
    with pytest.raises(NonceTooHigh):
        simulate(engine, calls(replace(strange, max_fee=fee)), validates=True)
    bumped = ((ALICE, AccountOverride(nonce=9)),)
    with pytest.raises(NonceTooLow):
        simulate(engine, calls(replace(strange, max_fee=fee), overrides=bumped), validates=True)
    with pytest.raises(FeeTooLow):
        simulate(engine, calls(SimulatedCall(ALICE, PAUPER)), validates=True)
    with pytest.raises(FeeTooLow):
        simulate(engine, calls(SimulatedCall(ALICE, PAUPER, max_fee=1), context=BlockOverride(base_fee=2)))


def test_funds_are_always_asked_for(engine: Engine) -> None:
    with pytest.raises(InsufficientFunds, match="have 0 want 1"):
        simulate(engine, calls(SimulatedCall(PAUPER, ALICE, value=1)))
    with pytest.raises(InsufficientFunds):
        simulate(engine, calls(SimulatedCall(PAUPER, ALICE, max_fee=1)))


def test_nonces_overflow_where_nobody_validates(engine: Engine) -> None:
    last = ((ALICE, AccountOverride(nonce=2**64 - 1)),)
    call = SimulatedCall(ALICE, PAUPER)
    (made,) = simulate(engine, calls(call, call, overrides=last))
    assert [each.nonce for each in made.transactions] == [2**64 - 1, 0]
    with pytest.raises(NonceMax):
        simulate(engine, calls(call, overrides=last), validates=True)


def test_contracts_may_send(engine: Engine) -> None:
    (made,) = simulate(engine, calls(SimulatedCall(COUNTER, LOGGER)))
    assert made.calls[0].error == ""


def test_fees_are_paid_when_they_are_named(engine: Engine) -> None:
    told = BlockOverride(base_fee=10, coinbase=PAUPER)
    paid = SimulatedCall(ALICE, BOB, max_fee=15, max_tip=2)
    look = bytes.fromhex("5f353160005260206000f3")
    ask = SimulatedCall(ALICE, CODED, data=bytes(12) + PAUPER)
    (made,) = simulate(engine, calls(paid, ask, context=told, overrides=((CODED, AccountOverride(code=look)),)))
    assert int.from_bytes(made.calls[1].output, "big") == 21_000 * 2


# --- logs -------------------------------------------------------------------------------------------------------------


def with_code(code: bytes) -> tuple[tuple[Address, AccountOverride], ...]:
    return ((CODED, AccountOverride(code=code, balance=ETHER)),)


def test_transfers_are_logged_on_request_and_in_no_receipt(engine: Engine) -> None:
    step = calls(SimulatedCall(ALICE, CODED, value=3), overrides=with_code(PAY_ON))
    (plain,) = simulate(engine, step)
    (traced,) = simulate(engine, step, logs_transfers=True)
    assert [log.is_transfer for log in plain.calls[0].logs] == [False]
    assert [(log.is_transfer, log.number) for log in traced.calls[0].logs] == [(True, 0), (True, 1), (False, 2)]
    assert traced.block == plain.block
    check_block(traced.block)
    first, second, _ = traced.calls[0].logs
    assert first.log.address == b"\xee" * 20
    assert [topic[12:] for topic in first.log.topics[1:]] == [ALICE, CODED]
    assert second.log.topics[1][12:] == CODED
    assert int.from_bytes(second.log.data, "big") == 3


def test_what_is_reverted_is_not_logged_but_counted(engine: Engine) -> None:
    step = calls(
        SimulatedCall(ALICE, CODED, value=3), SimulatedCall(ALICE, PAUPER, value=1), overrides=with_code(REVERT)
    )
    (made,) = simulate(engine, step, logs_transfers=True)
    assert (made.calls[0].reverted, made.calls[0].logs) == (True, ())
    assert [log.number for log in made.calls[1].logs] == [2]


def test_self_destruction_and_creation_transfer(engine: Engine) -> None:
    made = simulate(
        engine,
        calls(SimulatedCall(ALICE, CODED), overrides=with_code(DESTROY)),
        calls(SimulatedCall(ALICE, None, value=5)),
        logs_transfers=True,
    )
    destroyed, created = made[0].calls[0].logs[0].log, made[1].calls[0].logs[0].log
    assert (destroyed.topics[1][12:], int.from_bytes(destroyed.data, "big")) == (CODED, ETHER)
    assert created.topics[2][12:] == made[1].block.receipts[0].contract_address


# --- overrides --------------------------------------------------------------------------------------------------------

SHA256 = Address((2).to_bytes(20, "big"))
IDENTITY = Address((4).to_bytes(20, "big"))


def test_a_precompile_moves_for_one_block(engine: Engine) -> None:
    moved = ((SHA256, AccountOverride(precompile_to=CODED)),)
    ask = SimulatedCall(ALICE, CODED, data=b"abc")
    old = SimulatedCall(ALICE, SHA256, data=b"abc")
    made = simulate(engine, calls(ask, old, overrides=moved), calls(ask, old))
    digest = engine.call(CallRequest(ALICE, SHA256, data=b"abc"), LIMITS).output
    assert [call.output for call in made[0].calls] == [digest, b""]
    assert [call.output for call in made[1].calls] == [b"", digest]


def test_code_may_replace_a_precompile(engine: Engine) -> None:
    code = bytes.fromhex("602a60005260206000f3")
    (made,) = simulate(engine, calls(SimulatedCall(ALICE, SHA256), overrides=((SHA256, AccountOverride(code=code)),)))
    assert int.from_bytes(made.calls[0].output, "big") == 42


@pytest.mark.parametrize(
    "overrides",
    [
        ((CODED, AccountOverride(precompile_to=PAUPER)),),
        ((SHA256, AccountOverride(precompile_to=SHA256)),),
        ((SHA256, AccountOverride(precompile_to=PAUPER)), (PAUPER, AccountOverride(balance=1))),
    ],
)
def test_moves_that_cannot_be(engine: Engine, overrides: tuple[tuple[Address, AccountOverride], ...]) -> None:
    with pytest.raises(OverrideRefused):
        simulate(engine, SimulatedStep(overrides=overrides))


def test_calls_see_moved_precompiles_too(engine: Engine) -> None:
    request = CallRequest(ALICE, CODED, data=b"abc", overrides=((IDENTITY, AccountOverride(precompile_to=CODED)),))
    assert engine.call(request, LIMITS).output == b"abc"
    assert engine.call(replace(request, overrides=()), LIMITS).output == b""


def test_storage_is_replaced_or_changed(engine: Engine) -> None:
    read = bytes.fromhex("5f545f52600154602052" + "60405ff3")
    whole = AccountOverride(code=read, state=((0, 5),))
    part = AccountOverride(state_diff=((1, 6),))
    ask = SimulatedCall(ALICE, COUNTER)
    made = simulate(engine, calls(ask, overrides=((COUNTER, whole),)), calls(ask, overrides=((COUNTER, part),)))
    words = [[int.from_bytes(each.calls[0].output[at : at + 32], "big") for at in (0, 32)] for each in made]
    assert words == [[5, 0], [5, 6]]
    assert made[0].block.header.state_root != made[1].block.header.state_root
