"""Our frames against py-evm's own Prague computation on its own account database: random programs, same outcome."""

import warnings

from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague.state import PragueState
from eth.vm.message import Message
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollup.core.genesis import ChainRule
from rollup.core.hashes import keccak
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.vm.accounts import BlankSource
from rollup.vm.fork import BlockEnvironment, make_state
from rollup.vm.messages import MessageRequest, run_message

SENDER, MAIN, OTHER = Address(b"\x51" * 20), Address(b"\x52" * 20), Address(b"\x53" * 20)
ACCOUNTS = (SENDER, MAIN, OTHER)
GAS = 400_000
RULE = ChainRule(chain_id=77)
ANCESTORS = [keccak(bytes([depth])) for depth in range(256)]
ENVIRONMENT = BlockEnvironment(
    RULE, BlockNumber(1000), 1_700_000_000, 10**9, Hash(b"\x07" * 32), lambda number: ANCESTORS[999 - number]
)
INPUT = bytes(range(1, 101))


def ours(codes: dict[Address, bytes]):
    state = make_state(BlankSource(), ENVIRONMENT)
    fill(state, codes)
    state.end_transaction()
    state.increment_nonce(SENDER)
    outcome = run_message(state, MessageRequest(SENDER, MAIN, 5, INPUT, GAS, 3 * 10**9))
    logs = [(log.address, tuple(log.topics), log.data) for log in outcome.logs]
    state.end_transaction()
    summary = not outcome.error, outcome.reverted, outcome.gas_left, outcome.refund, outcome.output, logs
    return summary, contents(state)


def theirs(codes: dict[Address, bytes]):
    context = ExecutionContext(
        RULE.coinbase, 1_700_000_000, 1000, 0, b"\x07" * 32, RULE.gas_limit, ANCESTORS, 77, 10**9, 0
    )
    state = PragueState(AtomicDB(), context, BLANK_ROOT_HASH)
    fill(state, codes)
    state.lock_changes()
    state.increment_nonce(SENDER)
    for address in (SENDER, MAIN):
        state.mark_address_warm(address)
    message = Message(GAS, MAIN, SENDER, 5, INPUT, codes[MAIN])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        done = state.computation_class.apply_message(state, message, CancunTransactionContext(3 * 10**9, SENDER))
    for address in done.get_accounts_for_deletion():
        state.delete_account(address)
    logs = [(a, tuple(t.to_bytes(32, "big") for t in topics), d) for a, topics, d in done.get_log_entries()]
    reverted = done.is_error and not done.should_burn_gas
    summary = done.is_success, reverted, done.get_gas_remaining(), done.get_gas_refund(), done.output, logs
    return summary, contents(state)


def fill(state, codes: dict[Address, bytes]) -> None:
    for address in ACCOUNTS:
        state.set_balance(address, 10**18)
        state.set_nonce(address, 1)
    for address, code in codes.items():
        state.set_code(address, code)
        state.set_storage(address, 0, 9)
        state.set_storage(address, 1, 1)


def contents(state):
    return [
        (
            state.get_balance(each),
            state.get_nonce(each),
            state.get_code(each),
            [state.get_storage(each, s) for s in range(4)],
        )
        for each in ACCOUNTS
    ]


def push(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([0x5F + len(data)]) + data


CONSTANTS = st.one_of(
    st.integers(0, 70),
    st.sampled_from([2**256 - 1, 2**255, 2**255 - 1, 2**128, 256, 255, 31, 32, 998, 743, 744, 1000]),
    st.sampled_from([int.from_bytes(address, "big") for address in ACCOUNTS]),
    st.integers(1, 10),
    st.integers(0, 2**256 - 1),
)
BODY = st.sampled_from(
    [
        *(*range(0x01, 0x0C), *range(0x10, 0x1E), 0x20, *range(0x30, 0x4B)),
        *(*range(0x50, 0x56), *range(0x58, 0x5F), *range(0x80, 0xA5)),
    ]
)
CALL = st.sampled_from([0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA])
PIECES = st.one_of(
    CONSTANTS.map(push),
    CONSTANTS.map(push),
    BODY.map(lambda opcode: bytes([opcode])),
    st.tuples(st.lists(st.integers(0, 40), min_size=7, max_size=7), BODY).map(
        lambda drawn: b"".join(push(each) for each in drawn[0]) + bytes([drawn[1]])
    ),
    st.tuples(st.integers(0, 64), st.integers(0, 64), st.integers(0, 20), st.sampled_from([2, 3, 4, 9]), CALL).map(
        lambda drawn: (
            push(drawn[0])
            + push(0)
            + push(drawn[1])
            + push(0)
            + push(drawn[2] // 16)
            + push(drawn[3] if drawn[2] % 2 else int.from_bytes(OTHER, "big"))
            + push(60_000)
            + bytes([drawn[4]])
        )
    ),
)
ENDING = st.sampled_from([b"", b"\x00", b"\x5f\x5f\xfd", push(64) + push(0) + b"\xf3", push(40) + push(3) + b"\xfd"])
ENDINGS = st.one_of(ENDING, st.sampled_from([b"\xfe", b"\x0c", push(7) + b"\xff", b"\x5f\x56", push(3) + b"\x56"]))
PROGRAMS = st.tuples(st.lists(PIECES, max_size=25), ENDINGS).map(lambda drawn: b"".join(drawn[0]) + drawn[1])


def loop(body: bytes) -> bytes:
    """Ten rounds of ``body``, which must leave the stack as it was."""
    return push(10) + b"\x5b" + body + push(1) + b"\x90\x03\x80" + push(2) + b"\x57"


@settings(max_examples=250, deadline=None)
@given(main=PROGRAMS, other=PROGRAMS)
@example(main=loop(push(5) + push(6) + b"\x01\x50"), other=b"")
@example(
    main=loop(push(0) * 5 + push(int.from_bytes(OTHER, "big")) + b"\x5a\xf1\x50"), other=push(3) + push(0) + b"\x55"
)
@example(main=loop(b"\x5b\x5b\x5b"), other=b"")
@example(main=push(0x600C380380600C5F395FF3) + b"\x5f\x52" + push(32) + push(0) + push(0) + b"\xf0\x3f", other=b"")
@example(
    main=push(0x33FF << 240) + b"\x5f\x52" + push(2) + push(0) + push(7) + b"\xf0" + push(0) * 5 + b"\x85\x5a\xf1",
    other=b"",
)
def test_random_programs_end_as_in_py_evm(main: bytes, other: bytes) -> None:
    codes = {MAIN: main, OTHER: other}
    assert ours(codes) == theirs(codes)


@settings(max_examples=100, deadline=None)
@given(main=st.binary(max_size=60), other=st.binary(max_size=30))
def test_random_bytes_end_as_in_py_evm(main: bytes, other: bytes) -> None:
    codes = {MAIN: main, OTHER: other}
    assert ours(codes) == theirs(codes)
