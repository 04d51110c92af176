"""prestateTracer and what ``trace_replay*`` shows of state and instructions."""

from typing import Any

import pytest
from traced import trace
from vm_states import CONTRACT, ETHER, OTHER, OTHER_KEY, SENDER, STRANGER, authorize, deployer, push, state_with, store

from rollup.core.errors import UnknownTracer
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_ADDRESS
from rollup.vm.fork import ChainState
from rollup.vm.messages import contract_address_of

EMPTY = "0x" + "00" * 32


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def word(value: int) -> str:
    return f"0x{value:064x}"


def stored(code: bytes) -> ChainState:
    """CONTRACT holds 5 in slot 1."""
    state = state_with(code)
    state.set_storage(CONTRACT, 1, 5)
    state.end_transaction()
    return state


def prestate(code: bytes, options: dict[str, object] | None = None, **changes: Any) -> Any:
    return trace(stored(code), "prestateTracer", options, to=CONTRACT, **changes)


def test_everything_that_was_read_is_there_as_it_was() -> None:
    code = store(1, 6) + push(2) + b"\x54\x73" + OTHER + b"\x31"
    found = prestate(code)
    assert found[hexed(CONTRACT)] == {
        "balance": "0x0",
        "code": hexed(code),
        "codeHash": hexed(keccak(code)),
        "nonce": 1,
        "storage": {word(1): word(5), word(2): EMPTY},
    }
    assert found[hexed(SENDER)] == {"balance": hex(10 * ETHER)}
    assert found[hexed(OTHER)] == {"balance": hex(10 * ETHER)}


def test_parts_that_nobody_wants_are_left_out() -> None:
    row = prestate(store(1, 6), {"disableCode": True, "disableStorage": True})[hexed(CONTRACT)]
    assert set(row) == {"balance", "codeHash", "nonce"}


def test_empty_accounts_only_when_asked_for() -> None:
    code = b"\x73" + STRANGER + b"\x31"
    assert hexed(STRANGER) not in prestate(code)
    assert prestate(code, {"includeEmpty": True})[hexed(STRANGER)] == {"balance": "0x0"}
    with pytest.raises(UnknownTracer, match="diffMode with includeEmpty"):
        prestate(code, {"includeEmpty": True, "diffMode": True})


def test_what_could_not_be_paid_was_not_read() -> None:
    code = b"\x73" + STRANGER + b"\x31" + push(1) + b"\x54"
    assert "storage" not in prestate(code, gas=21_000 + 2_700)[hexed(CONTRACT)]


def test_difference() -> None:
    diff = prestate(store(1, 0) + store(2, 7) + push(3) + b"\x54", {"diffMode": True}, value=9)
    assert diff["post"][hexed(CONTRACT)] == {"balance": "0x9", "storage": {word(2): word(7)}}
    assert diff["pre"][hexed(CONTRACT)]["storage"] == {word(1): word(5)}
    assert diff["post"][hexed(SENDER)]["nonce"] == 1


def test_created_contracts_are_in_the_post_state_alone() -> None:
    created = hexed(contract_address_of(SENDER, 0))
    diff = trace(state_with(), "prestateTracer", {"diffMode": True}, to=None, data=deployer(b"\x00\x01"))
    assert created not in diff["pre"]
    assert diff["post"][created] == {"code": "0x0001", "codeHash": hexed(keccak(b"\x00\x01")), "nonce": 1}


def test_who_gives_authority_is_there_before_and_after() -> None:
    state = state_with()
    authorization = authorize(OTHER_KEY, STRANGER, 0)
    diff = trace(state, "prestateTracer", {"diffMode": True}, type=4, to=SENDER, authorizations=(authorization,))
    assert diff["pre"][hexed(OTHER)] == {"balance": hex(10 * ETHER)}
    assert diff["post"][hexed(OTHER)]["code"] == "0xef0100" + STRANGER.hex()


def test_authority_that_is_taken_back_leaves_empty_code() -> None:
    state = state_with()
    state.set_code(OTHER, b"\xef\x01\x00" + STRANGER)
    state.end_transaction()
    taken_back = (authorize(OTHER_KEY, ZERO_ADDRESS, 0),)
    diff = trace(state, "prestateTracer", {"diffMode": True}, type=4, to=SENDER, authorizations=taken_back)
    assert diff["post"][hexed(OTHER)] == {"code": "0x", "codeHash": hexed(keccak(b"")), "nonce": 1}
    assert diff["pre"][hexed(OTHER)]["code"] == "0xef0100" + STRANGER.hex()


def test_contracts_that_only_pay_out_are_still_there_after_cancun() -> None:
    diff = prestate(store(1, 0x99) + b"\x73" + STRANGER + b"\xff", {"diffMode": True}, value=9)
    assert diff["post"][hexed(CONTRACT)] == {"storage": {word(1): word(0x99)}}
    assert diff["post"][hexed(STRANGER)] == {"balance": "0x9"}
    assert hexed(STRANGER) not in diff["pre"]


def replay(code: bytes, *kinds: str, **changes: Any) -> Any:
    return trace(stored(code), "replayTracer", {"kinds": list(kinds)}, to=CONTRACT, **changes)


def test_state_diff_of_parity() -> None:
    diff = replay(store(1, 6), "stateDiff")["stateDiff"]
    assert diff[hexed(CONTRACT)] == {
        "balance": "=",
        "code": "=",
        "nonce": "=",
        "storage": {word(1): {"*": {"from": word(5), "to": word(6)}}},
    }
    born = replay(b"\x00", "stateDiff", value=0)["stateDiff"]
    assert hexed(CONTRACT) not in born


def test_birth_in_a_state_diff() -> None:
    created = hexed(contract_address_of(SENDER, 0))
    found = trace(state_with(), "replayTracer", {"kinds": ["stateDiff"]}, to=None, data=deployer(b"\x00"))
    assert found["stateDiff"][created] == {
        "balance": {"+": "0x0"},
        "code": {"+": "0x00"},
        "nonce": {"+": "0x1"},
        "storage": {},
    }
    assert found["output"] == "0x00"


def test_instructions_of_parity() -> None:
    code = push(0x2A) + b"\x5f\x52" + store(1, 6) + b"\x80\x60\x20\x5f\xf3"
    found = replay(push(7) + code, "vmTrace", "trace")
    ops = found["vmTrace"]["ops"]
    assert found["vmTrace"]["code"] == hexed(push(7) + code)
    assert ops[0] == {
        "cost": 3,
        "ex": {"mem": None, "push": ["0x7"], "store": None, "used": 78_997},
        "pc": 0,
        "sub": None,
    }
    assert ops[3]["ex"]["mem"] == {"data": word(0x2A), "off": 0}
    assert ops[6]["ex"]["store"] == {"key": "0x1", "val": "0x6"}
    assert ops[7]["ex"]["push"] == ["0x7", "0x7"]
    assert found["output"] == word(0x2A)
    assert [set(row) for row in found["trace"]] == [{"action", "result", "subtraces", "traceAddress", "type"}]


def test_instructions_of_inner_frames_and_depth() -> None:
    code = b"\x5f\x5f\x5f\x5f\x5f\x73" + CONTRACT + b"\x5a\xf1"
    found = replay(code, "vmTrace", gas=400_000)
    depth, frame = 0, found["vmTrace"]
    while (inner := frame["ops"][7]["sub"] if len(frame["ops"]) > 7 else None) is not None:
        depth, frame = depth + 1, inner
    assert depth > 100
