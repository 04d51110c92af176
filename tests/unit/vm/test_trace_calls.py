"""callTracer, flatCallTracer, 4byteTracer and muxTracer on calls of every kind."""

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import encode
from traced import trace
from vm_states import CONTRACT, ETHER, GWEI, OTHER, SENDER, STRANGER, deployer, environment, push, state_with

from rollup.core.forks import Fork
from rollup.core.hashes import keccak
from rollup.core.ids import Address
from rollup.core.reverts import ERROR_SELECTOR
from rollup.vm.messages import contract_address_of

KINDS = {"CALL": 0xF1, "CALLCODE": 0xF2, "DELEGATECALL": 0xF4, "STATICCALL": 0xFA}
HASHER = Address(bytes(19) + b"\x02")


def call(kind: str, to: bytes, value: int = 0, size: int = 0) -> bytes:
    """The memory's first ``size`` bytes as input, all of the gas."""
    amount = push(value) if kind in ("CALL", "CALLCODE") else b""
    return b"\x5f\x5f" + push(size) + b"\x5f" + amount + b"\x73" + to + b"\x5a" + bytes([KINDS[kind]])


def word(data: bytes) -> bytes:
    """Memory begins with ``data``."""
    return b"\x7f" + data.ljust(32, b"\x00") + b"\x5f\x52"


def traced(code: bytes, inner: bytes = b"", name: str = "callTracer", **options: object) -> Any:
    state = state_with(code)
    state.set_balance(CONTRACT, 10)
    state.set_code(STRANGER, inner)
    state.end_transaction()
    return trace(state, name, options, to=CONTRACT, gas=200_000, value=7)


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


@pytest.mark.parametrize(
    ("kind", "value"), [("CALL", "0x3"), ("CALLCODE", "0x3"), ("DELEGATECALL", "0x7"), ("STATICCALL", None)]
)
def test_who_calls_whom_with_what(kind: str, value: str | None) -> None:
    """A DELEGATECALL shows the value of the frame that it runs for, a STATICCALL none."""
    (inner,) = traced(word(b"\x01\x02\x03\x04\x05") + call(kind, STRANGER, 3, 5), b"\x60\x2a\x5f\x52\x60\x20\x5f\xf3")[
        "calls"
    ]
    assert (inner["type"], inner["from"], inner["to"]) == (kind, hexed(CONTRACT), hexed(STRANGER))
    assert inner.get("value") == value
    assert inner["input"] == "0x0102030405"
    assert inner["output"] == hexed((42).to_bytes(32, "big"))


def test_root_shows_the_whole_gas_and_what_was_paid() -> None:
    root = traced(b"\x00")
    assert root == {
        "type": "CALL",
        "from": hexed(SENDER),
        "to": hexed(CONTRACT),
        "value": "0x7",
        "gas": hex(200_000),
        "gasUsed": hex(21_000),
        "input": "0x",
    }


def test_revert_with_its_reason() -> None:
    reason = ERROR_SELECTOR + encode(["string"], ["no"])
    code = b"".join(
        push(int.from_bytes(reason[at : at + 32].ljust(32, b"\x00"), "big")) + push(at) + b"\x52"
        for at in range(0, 100, 32)
    )
    root = traced(code + push(len(reason)) + b"\x5f\xfd")
    assert (root["error"], root["revertReason"], root["output"]) == ("execution reverted", "no", hexed(reason))


def test_calls_that_never_begin_are_shown_with_their_reason() -> None:
    calls = traced(call("CALL", STRANGER, 99) + push(99) + b"\x5f\x90\x5f\x90\xf0")["calls"]
    assert [each["error"] for each in calls] == ["insufficient balance for transfer"] * 2
    assert [each["gasUsed"] for each in calls] == ["0x0"] * 2
    assert "to" in calls[0]
    assert (calls[1]["type"], "to" in calls[1], calls[1]["value"]) == ("CREATE", False, "0x63")


def test_creation_inside_and_its_collision() -> None:
    init = deployer(b"\x00")
    create2 = word(init) + b"\x5f" + push(len(init)) + b"\x5f\x5f\xf5"
    first, second = traced(create2 + create2)["calls"]
    address = keccak(b"\xff" + CONTRACT + bytes(32) + keccak(init))[12:]
    assert (first["type"], first["to"], first["output"]) == ("CREATE2", hexed(address), "0x00")
    assert second["error"] == "contract address collision"
    assert second["gasUsed"] == second["gas"]


def test_creation_by_transaction() -> None:
    state = state_with()
    root = trace(state, "callTracer", to=None, data=deployer(b"\x00\x01"))
    assert (root["type"], root["to"], root["output"]) == ("CREATE", hexed(contract_address_of(SENDER, 0)), "0x0001")
    failed = trace(state, "callTracer", to=None, data=b"\xfe")
    assert "to" not in failed
    assert failed["error"] == "invalid opcode: INVALID"


def test_code_that_nobody_paid_for_is_shown_on_frontier() -> None:
    state = state_with()
    state.begin_block(replace(environment(), fork=Fork.FRONTIER))
    legacy = {"type": 0, "chain_id": None, "max_tip": 2 * GWEI}
    root = trace(state, "callTracer", to=None, data=bytes.fromhex("60c86000f3"), gas=40_000, **legacy)
    assert "error" not in root
    assert root["output"] == "0x" + "00" * 200
    assert state.get_code(contract_address_of(SENDER, 0)) == b""


def test_self_destruction_is_a_call_of_its_own() -> None:
    (end,) = traced(b"\x73" + OTHER + b"\xff")["calls"]
    assert end == {
        "type": "SELFDESTRUCT",
        "from": hexed(CONTRACT),
        "to": hexed(OTHER),
        "value": hex(17),
        "gas": "0x0",
        "gasUsed": "0x0",
        "input": "0x",
    }


def test_logs_of_failed_calls_are_gone_and_the_others_keep_their_order() -> None:
    log = b"\x5f\x5f\xa0"
    root = traced(log + call("CALL", STRANGER) + log, log + b"\xfe", withLog=True)
    assert [(each["index"], each["position"]) for each in root["logs"]] == [("0x0", "0x0"), ("0x1", "0x1")]
    assert "logs" not in root["calls"][0]
    kept = traced(log + call("CALL", STRANGER) + log, log + b"\x00", withLog=True)
    assert [each["index"] for each in kept["logs"]] == ["0x0", "0x2"]
    assert kept["calls"][0]["logs"][0]["index"] == "0x1"


def test_only_the_top() -> None:
    root = traced(call("CALL", STRANGER), b"\x5f\x5f\xa0", onlyTopCall=True, withLog=True)
    assert "calls" not in root
    assert "logs" not in root


def test_calls_a_thousand_deep_are_one_json_text() -> None:
    state = state_with(call("CALL", CONTRACT))
    root = trace(state, "callTracer", to=CONTRACT, gas=10_000_000)
    depth = 0
    while "calls" in root:
        (root,) = root["calls"]
        depth += 1
    assert depth > 300


def test_flat_calls() -> None:
    code = call("CALL", HASHER) + call("STATICCALL", STRANGER)
    rows = traced(code, b"\xfe", "flatCallTracer", convertParityErrors=True)
    assert [row["traceAddress"] for row in rows] == [[], [0]]
    assert rows[0]["subtraces"] == 1
    assert rows[0]["result"]["output"] == "0x"
    assert rows[1]["action"]["callType"] == "staticcall"
    assert rows[1]["action"]["value"] == "0x0"
    assert rows[1]["error"] == "Bad instruction"
    assert "result" not in rows[1]
    with_precompiles = traced(code, b"\xfe", "flatCallTracer", includePrecompiles=True)
    assert [row["traceAddress"] for row in with_precompiles] == [[], [0], [1]]


def test_flat_self_destruction_and_creation() -> None:
    init = deployer(b"\x00")
    rows = traced(word(init) + push(len(init)) + b"\x5f\x5f\xf0" + b"\x73" + OTHER + b"\xff", name="flatCallTracer")
    assert [row["type"] for row in rows] == ["call", "create", "suicide"]
    assert rows[1]["result"]["code"] == "0x00"
    assert rows[2]["action"] == {"address": hexed(CONTRACT), "balance": hex(17), "refundAddress": hexed(OTHER)}


def test_selectors() -> None:
    code = word(b"\x01\x02\x03\x04\x05") + call("CALL", STRANGER, 0, 5) * 2 + call("CALL", HASHER, 0, 5)
    state = state_with(code)
    assert trace(state, "4byteTracer", to=CONTRACT, data=b"\xaa\xbb\xcc\xdd", gas=200_000) == {
        "0xaabbccdd-0": 1,
        "0x01020304-1": 2,
    }


def test_several_tracers_at_once() -> None:
    state = state_with(b"\x00")
    found = trace(state, "muxTracer", {"callTracer": {"withLog": True}, "noopTracer": None}, to=CONTRACT, value=ETHER)
    assert found["noopTracer"] == {}
    assert found["callTracer"]["value"] == hex(ETHER)
