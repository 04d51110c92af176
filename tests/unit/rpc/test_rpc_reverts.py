"""Reverts in geth's words."""

import pytest
from eth_abi.abi import encode

from rollup.core.execution import CallResult
from rollup.core.reverts import ERROR_SELECTOR, PANIC_SELECTOR, revert_reason
from rpc.errors import RpcError
from rpc.reverts import check_call


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (ERROR_SELECTOR + encode(["string"], ["user error"]), "user error"),
        (ERROR_SELECTOR + encode(["string"], ["ünïcode"]), "ünïcode"),
        (ERROR_SELECTOR + encode(["string"], ["unpadded"])[:72], "unpadded"),
        (ERROR_SELECTOR + encode(["string"], ["cut off"])[:70], ""),
        (ERROR_SELECTOR + encode(["string"], ["no length"])[:32], ""),
        (PANIC_SELECTOR + encode(["uint256"], [1]), "assert(false)"),
        (PANIC_SELECTOR + encode(["uint256"], [0x11]), "arithmetic underflow or overflow"),
        (PANIC_SELECTOR + encode(["uint256"], [0x99]), "unknown panic code: 0x99"),
        (b"", ""),
        (b"\x01\x02", ""),
        (ERROR_SELECTOR, ""),
        (ERROR_SELECTOR + b"\xff" * 64, ""),
        (ERROR_SELECTOR + encode(["bytes"], [b"\xff\xfe"]), ""),
        (PANIC_SELECTOR + b"\x01", ""),
        (bytes.fromhex("b4a383b3"), ""),
    ],
)
def test_reasons(output: bytes, reason: str) -> None:
    assert revert_reason(output) == reason


def failure(result: CallResult) -> tuple[int, str, object]:
    with pytest.raises(RpcError) as caught:
        check_call(result)
    return caught.value.code, caught.value.message, caught.value.data


def test_a_revert_brings_its_data() -> None:
    output = ERROR_SELECTOR + encode(["string"], ["no"])
    assert failure(CallResult(output, 1, reverted=True, error="")) == (3, "execution reverted: no", "0x" + output.hex())
    assert failure(CallResult(b"", 1, reverted=True, error="")) == (3, "execution reverted", "0x")


def test_other_failures_are_plain_errors() -> None:
    assert failure(CallResult(b"", 1, reverted=False, error="out of gas")) == (-32000, "out of gas", None)
    check_call(CallResult(b"", 1, reverted=False, error=""))
