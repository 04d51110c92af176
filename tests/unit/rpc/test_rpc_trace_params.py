"""What ``debug_trace*`` and ``trace_*`` take, and what they refuse."""

from typing import Any

import pytest

from rpc.errors import InvalidArgument, RpcError
from rpc.parity_params import read_indexes, read_trace_filter, read_trace_kinds
from rpc.trace_params import TIMEOUT_DEFAULT_S, read_call_trace_options, read_trace_options


def test_struct_logger_is_the_default_and_its_switches_are_options() -> None:
    options = read_trace_options({"enableMemory": True, "limit": 7, "disableStack": None, "reexec": 128})
    assert options.tracer.name == ""
    assert options.tracer.options == {"enableMemory": True, "limit": 7}
    assert options.timeout_s == TIMEOUT_DEFAULT_S


def test_named_tracers_take_their_own_options() -> None:
    options = read_trace_options({"tracer": "callTracer", "tracerConfig": {"withLog": True}, "enableMemory": True})
    assert (options.tracer.name, options.tracer.options) == ("callTracer", {"withLog": True})


@pytest.mark.parametrize(
    ("text", "seconds"), [("5s", 5), ("300ms", 0.3), ("1m30s", 90), ("1.5h", 5400), ("10us", 1e-5)]
)
def test_durations_of_go(text: str, seconds: float) -> None:
    assert read_trace_options({"timeout": text}).timeout_s == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5", "s", "5 s", "-5s", "5x", "1h 2m"])
def test_no_durations(text: str) -> None:
    with pytest.raises(RpcError, match="invalid duration"):
        read_trace_options({"timeout": text})


@pytest.mark.parametrize("name", ["{result: function() {}}", "bigramTracer", "calltracer"])
def test_tracers_that_are_not_here(name: str) -> None:
    with pytest.raises(RpcError, match="tracer not found"):
        read_trace_options({"tracer": name})
    with pytest.raises(RpcError, match="tracer not found"):
        read_trace_options({"tracer": "muxTracer", "tracerConfig": {name: {}}})


@pytest.mark.parametrize(
    "value",
    [
        7,
        [],
        {"tracer": 7},
        {"enableMemory": "yes"},
        {"limit": -1},
        {"limit": "0x1"},
        {"tracer": "callTracer", "tracerConfig": 7},
    ],
)
def test_other_shapes_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgument):
        read_trace_options(value)


def test_overrides_of_calls() -> None:
    address = "0x" + "11" * 20
    options = read_call_trace_options(
        {"stateOverrides": {address: {"balance": "0x1"}}, "blockOverrides": {"number": "0x5"}}
    )
    assert options.state[0][1].balance == 1
    assert options.block.number == 5
    assert read_call_trace_options({"stateOverrides": None}).state == ()


def test_kinds_and_trace_addresses() -> None:
    assert read_trace_kinds(["trace", "vmTrace"]) == {"trace", "vmTrace"}
    assert read_indexes(["0x0", "0xa"]) == (0, 10)
    for wrong in ("trace", ["traces"], [7]):
        with pytest.raises(InvalidArgument):
            read_trace_kinds(wrong)


def row(sender: str, to: str) -> dict[str, Any]:
    return {"action": {"from": sender, "to": to}}


def test_filter_by_sender_or_recipient_or_both() -> None:
    one, two = "0x" + "11" * 20, "0x" + "22" * 20
    either = read_trace_filter({"fromAddress": [one], "toAddress": [two]})
    both = read_trace_filter({"fromAddress": [one], "toAddress": [two], "mode": "intersection"})
    rows = [row(one, two), row(one, one), row(two, two), row(two, one)]
    assert [either.matches(each) for each in rows] == [True, True, True, False]
    assert [both.matches(each) for each in rows] == [True, False, False, False]
    assert all(read_trace_filter({}).matches(each) for each in rows)
    assert [read_trace_filter({"toAddress": [one]}).matches(each) for each in rows] == [False, True, False, True]


def test_filter_finds_created_contracts_and_beneficiaries() -> None:
    born = "0x" + "33" * 20
    wanted = read_trace_filter({"toAddress": [born]})
    assert wanted.matches({"action": {"from": born}, "result": {"address": born}})
    assert wanted.matches({"action": {"address": "0x", "refundAddress": born}})
    assert not wanted.matches({"action": {"from": born}})


@pytest.mark.parametrize("value", [{"mode": "xor"}, {"fromAddress": "0x11"}, {"count": -1}, {"fromBlock": "x"}, 7])
def test_filters_of_other_shapes_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgument):
        read_trace_filter(value)
