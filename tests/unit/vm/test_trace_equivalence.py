"""Watching changes nothing: random programs end in the same gas, status, logs and state with and without a tracer."""

from hypothesis import given, settings
from hypothesis import strategies as st
from traced import deep_stack, trace_and_run
from vm_states import CONTRACT, STRANGER, push, run, state_with

from rollup.vm.fork import ChainState
from rollup.vm.tracing.mnemonics import MNEMONICS

GAS = 60_000
SMALL = st.integers(0, 3).map(push)
ADDRESSES = st.sampled_from([CONTRACT, STRANGER, bytes(19) + b"\x04", bytes(19) + b"\x06"]).map(lambda a: b"\x73" + a)
OPCODES = st.sampled_from(sorted(set(MNEMONICS) - set(range(0x60, 0x80)) | {0x0C})).map(lambda opcode: bytes([opcode]))


def _call(kind: int) -> st.SearchStrategy[bytes]:
    operands = st.tuples(*[SMALL] * (5 if kind in (0xF1, 0xF2) else 4)).map(b"".join)
    return st.tuples(operands, ADDRESSES, st.sampled_from([b"\x5a", push(900)])).map(
        lambda parts: b"".join(parts) + bytes([kind])
    )


STORES = st.tuples(SMALL, SMALL).map(lambda pair: pair[0] + pair[1] + b"\x55")
JUMPS = st.integers(0, 40).map(lambda target: push(target) + b"\x56")
LOGS = st.tuples(SMALL, SMALL).map(lambda pair: pair[0] + pair[1] + b"\xa0")
CREATIONS = st.tuples(SMALL, st.integers(0, 40).map(push)).map(lambda pair: pair[1] + b"\x5f" + pair[0] + b"\xf0")
CALLS = st.sampled_from([0xF1, 0xF2, 0xF4, 0xFA]).flatmap(_call)
PIECES = st.one_of(OPCODES, SMALL, SMALL, STORES, JUMPS, LOGS, CREATIONS, CALLS, st.just(b"\x5b"), st.just(b"\x5f\x52"))
PROGRAMS = st.lists(PIECES, min_size=1, max_size=25).map(b"".join)
TRACERS = ("", "callTracer", "prestateTracer", "flatCallTracer", "4byteTracer")


def _state(code: bytes, other: bytes) -> ChainState:
    state = state_with(code)
    state.set_balance(CONTRACT, 3)
    state.set_code(STRANGER, other)
    state.set_storage(CONTRACT, 1, 1)
    state.end_transaction()
    return state


@settings(max_examples=60, deadline=None)
@given(PROGRAMS, PROGRAMS, st.sampled_from(TRACERS), st.integers(21_000, GAS))
def test_watching_changes_nothing(code: bytes, other: bytes, name: str, gas: int) -> None:
    plain, watched = _state(code, other), _state(code, other)
    with deep_stack():
        expected = run(plain, to=CONTRACT, gas=gas, value=2)
    result, outcome = trace_and_run(watched, name, to=CONTRACT, gas=gas, value=2)
    assert outcome == expected
    assert watched.changes() == plain.changes()
    if name == "callTracer":
        assert result["gasUsed"] == hex(expected.gas_used)
        assert ("error" in result) == (expected.status == 0)
    if name == "":
        assert result["failed"] == (expected.status == 0)


@settings(max_examples=25, deadline=None)
@given(PROGRAMS, PROGRAMS)
def test_the_tree_of_calls_adds_up(code: bytes, other: bytes) -> None:
    """No frame uses more than it was given, nor less than its calls; logs of the tree are those of the receipt."""
    tree, outcome = trace_and_run(_state(code, other), "callTracer", {"withLog": True}, to=CONTRACT, gas=GAS)
    logs: list[tuple[int, str]] = []
    waiting = [tree]
    while waiting:
        call = waiting.pop()
        assert int(call["gasUsed"], 16) <= int(call["gas"], 16)
        waiting += call.get("calls", [])
        logs += [(int(log["index"], 16), log["address"]) for log in call.get("logs", [])]
    assert [address for _, address in sorted(logs)] == ["0x" + log.address.hex() for log in outcome.logs]


@settings(max_examples=25, deadline=None)
@given(PROGRAMS, PROGRAMS)
def test_the_difference_is_the_whole_difference(code: bytes, other: bytes) -> None:
    """What the diff does not name did not change; what it names is there now."""
    before, after = _state(code, other), _state(code, other)
    diff, _ = trace_and_run(after, "prestateTracer", {"diffMode": True}, to=CONTRACT, gas=GAS)
    touched = set(after.changes().accounts)
    for address in touched:
        key = "0x" + address.hex()
        is_same = before.read_account(address) == after.read_account(address)
        slots = after.changes().slots.get(address, {})
        is_same_storage = all(before.get_storage(address, slot) == value for slot, value in slots.items())
        assert (key in diff["post"] or key in diff["pre"]) or (is_same and is_same_storage)
        now = diff["post"].get(key, {})
        if "balance" in now:
            assert int(now["balance"], 16) == after.get_balance(address)
        for slot, value in now.get("storage", {}).items():
            assert after.get_storage(address, int(slot, 16)) == int(value, 16)
