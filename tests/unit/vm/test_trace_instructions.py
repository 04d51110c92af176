"""The struct logger against traces worked out by hand, and against what geth shows of costs, faults and refunds."""

from itertools import pairwise

import pytest
from traced import trace, trace_and_run
from vm_states import CONTRACT, STRANGER, deployer, push, state_with, store

from rollup.core.errors import TraceTooLarge

GAS = 100_000
INTRINSIC = 21_000


def call(to: bytes, value: int = 0, gas: bytes = b"\x5a") -> bytes:
    return b"\x5f\x5f\x5f\x5f" + push(value) + b"\x73" + to + gas + b"\xf1"


def rows(code: bytes, options: dict[str, object] | None = None, **changes: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = trace(state_with(code), "", options, to=CONTRACT, gas=GAS, **changes)["structLogs"]
    return found


def test_addition_row_by_row() -> None:
    assert rows(bytes.fromhex("6001600201")) == [
        {"pc": 0, "op": "PUSH1", "gas": 79_000, "gasCost": 3, "depth": 1, "stack": []},
        {"pc": 2, "op": "PUSH1", "gas": 78_997, "gasCost": 3, "depth": 1, "stack": ["0x1"]},
        {"pc": 4, "op": "ADD", "gas": 78_994, "gasCost": 3, "depth": 1, "stack": ["0x1", "0x2"]},
        {"pc": 5, "op": "STOP", "gas": 78_991, "gasCost": 0, "depth": 1, "stack": ["0x3"]},
    ]


def test_every_cost_is_the_difference_to_the_next_row_of_the_frame() -> None:
    code = store(0, 7) + store(0, 0) + bytes.fromhex("5f5160205260405f20505f5f2050") + b"\x00"
    found = rows(code)
    for row, following in pairwise(found):
        assert row["gas"] - row["gasCost"] == following["gas"]


def test_storage_shows_what_is_read_and_what_will_be_written() -> None:
    found = [row for row in rows(store(3, 9) + push(3) + b"\x54" + push(4) + b"\x54") if "storage" in row]
    slot = {number: f"0x{number:064x}" for number in (0, 3, 4, 9)}
    assert [row["storage"] for row in found] == [
        {slot[3]: slot[9]},
        {slot[3]: slot[9]},
        {slot[3]: slot[9], slot[4]: slot[0]},
    ]


def test_refund_moves_with_the_store_that_earns_it() -> None:
    found = rows(store(0, 7) + store(0, 0) + b"\x00")
    assert [row.get("refund") for row in found if row["op"] == "SSTORE"] == [None, 19_900]
    assert found[-1]["refund"] == 19_900


def test_memory_and_return_data_on_demand() -> None:
    code = bytes.fromhex("60ff5f52") + call(bytes(19) + b"\x04") + b"\x3d"
    options: dict[str, object] = {"enableMemory": True, "enableReturnData": True, "disableStack": True}
    found = rows(code, options)
    assert found[-1]["memory"] == ["0x" + "00" * 31 + "ff"]
    assert all("stack" not in row and "returnData" not in row for row in found)
    echo = bytes.fromhex("60ff5f525f5f60205f5f6004") + b"\x5a\xf1\x00"
    assert rows(echo, options)[-1]["returnData"] == "0x" + "00" * 31 + "ff"


def test_limit_counts_rows() -> None:
    assert len(rows(bytes.fromhex("6001600201"), {"limit": 2})) == 2


def test_cost_of_a_call_holds_its_gas_and_that_of_a_creation_does_not() -> None:
    found = rows(call(STRANGER, gas=push(5_000)) + b"\x00")
    assert found[-2]["gasCost"] == 2_600 + 5_000
    assert found[-1]["gas"] == found[-2]["gas"] - 2_600
    init = deployer(b"\x00")
    code = push(int.from_bytes(init.ljust(32, b"\x00"), "big")) + b"\x5f\x52" + push(len(init)) + b"\x5f\x5f\xf0\x00"
    created = next(row for row in rows(code) if row["op"] == "CREATE")
    assert created["gasCost"] == 32_000 + 2


def test_depth_grows_inside_of_calls() -> None:
    state = state_with(call(STRANGER) + b"\x00")
    state.set_code(STRANGER, bytes.fromhex("5f00"))
    state.end_transaction()
    found = trace(state, to=CONTRACT)["structLogs"]
    assert [row["depth"] for row in found][-4:] == [1, 2, 2, 1]
    assert [row["op"] for row in found][-4:] == ["CALL", "PUSH0", "STOP", "STOP"]


@pytest.mark.parametrize(
    ("code", "op", "error", "cost"),
    [
        ("01", "ADD", "stack underflow (0 <=> 2)", 3),
        ("5f" * 1025, "PUSH0", "stack limit reached 1024 (1023)", 2),
        ("5f6707ffffffffffffff52", "MSTORE", "out of gas", None),
        ("fe", "INVALID", None, 0),
        ("0c", "opcode 0xc not defined", None, 0),
        ("600156", "JUMP", None, 8),
        ("5f5ffd", "REVERT", None, 0),
    ],
)
def test_faults_that_geth_meets_before_the_instruction_are_named_in_its_row(
    code: str, op: str, error: str | None, cost: int | None
) -> None:
    result = trace(state_with(bytes.fromhex(code)), to=CONTRACT, gas=GAS)
    last = result["structLogs"][-1]
    assert result["failed"]
    assert (last["op"], last.get("error")) == (op, error)
    assert cost is None or last["gasCost"] == cost


def test_output_of_success_and_of_revert_but_of_no_other_failure() -> None:
    for end, value in (("f3", "0x" + "00" * 31 + "2a"), ("fd", "0x" + "00" * 31 + "2a"), ("fe", "0x")):
        assert trace(state_with(bytes.fromhex("602a5f5260205f" + end)), to=CONTRACT)["returnValue"] == value


def test_a_trace_that_is_too_large_is_refused_and_leaves_the_budget_to_no_other() -> None:
    with pytest.raises(TraceTooLarge, match="bytes"):
        trace(state_with(bytes.fromhex("5b" + "5f" * 900 + "50" * 900 + "5f56")), to=CONTRACT, gas=3_000_000)


def test_transfer_has_no_rows() -> None:
    result, outcome = trace_and_run(state_with(), "", to=STRANGER, value=1)
    assert result == {"gas": outcome.gas_used, "failed": False, "returnValue": "0x", "structLogs": []}
