"""JSON-RPC 2.0: single calls, notifications, batches, ids of every kind, and garbage."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup.core.errors import ExecutorBusy, NonceTooLow, ReadOnlyNode, VmCrashed
from rpc.dispatch import Dispatcher
from rpc.errors import RpcError
from rpc.method import Method, Param
from rpc.metrics import Metrics
from rpc.scalars import read_uint64
from rpc.settings import RpcSettings


async def echo(*params: object) -> list[object]:
    return list(params)


def raising(error: BaseException) -> Method:
    async def answer() -> object:
        raise error

    return Method(answer)


async def never() -> None:
    await asyncio.Event().wait()


async def give_bytes() -> object:
    return b"no JSON value"


async def give_much() -> str:
    return "x" * 5000


TABLE = {
    "one": Method(echo, (Param(read_uint64),)),
    "two": Method(echo, (Param(read_uint64), Param(read_uint64, default=7))),
    "none": Method(echo),
    "rejects": raising(NonceTooLow("next nonce 1")),
    "refuses": raising(ReadOnlyNode()),
    "reverts": raising(RpcError(3, "execution reverted", "0x")),
    "busy": raising(ExecutorBusy("queue full")),
    "crashes": raising(VmCrashed("gone with /secret/path")),
    "breaks": raising(KeyError("secret")),
    "never": Method(never),
    "bytes": Method(give_bytes),
    "much": Method(give_much),
}
SETTINGS = RpcSettings(batch_items_max=5, batch_concurrency=2, request_timeout_s=0.05, response_bytes_max=4000)


def make_dispatcher() -> Dispatcher:
    return Dispatcher(TABLE, SETTINGS, Metrics())


async def answer(body: str | bytes) -> Any:
    raw = await make_dispatcher().answer_body(body if isinstance(body, bytes) else body.encode())
    return json.loads(raw) if raw else None


async def call(method: str, *params: object) -> Any:
    return await answer(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}))


async def error_of(body: str | bytes) -> tuple[object, int]:
    found = await answer(body)
    assert set(found) == {"jsonrpc", "id", "error"}
    return found["id"], found["error"]["code"]


async def test_a_call_is_answered_with_its_id() -> None:
    assert await call("one", "0x2") == {"jsonrpc": "2.0", "id": 1, "result": [2]}


@pytest.mark.parametrize("request_id", ["1", '"a"', '""', "0", "-3", "1.5", "null", str(2**70), r'"\u0000"'])
async def test_ids_are_echoed_as_they_came(request_id: str) -> None:
    raw = await make_dispatcher().answer_body(b'{"jsonrpc":"2.0","method":"none","id":' + request_id.encode() + b"}")
    assert raw == b'{"jsonrpc":"2.0","id":' + request_id.encode() + b',"result":[]}'


@pytest.mark.parametrize("request_id", ["[]", "{}", "true", "[1]", '{"a":1}'])
async def test_other_ids_are_refused(request_id: str) -> None:
    assert await error_of('{"jsonrpc":"2.0","method":"none","id":' + request_id + "}") == (None, -32600)


@pytest.mark.parametrize(
    "body", ["", "{", "nope", "[1,2", '{"jsonrpc":"2.0","method":"none","id":NaN}', b"\xff", "[" * 9999]
)
async def test_what_is_not_json_is_a_parse_error(body: str | bytes) -> None:
    assert await error_of(body) == (None, -32700)


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        ("1", None),
        ('"text"', None),
        ("null", None),
        ("true", None),
        ("{}", None),
        ('{"id":4}', 4),
        ('{"jsonrpc":"2.0","id":4}', 4),
        ('{"jsonrpc":"1.0","id":4,"method":"none"}', 4),
        ('{"jsonrpc":2.0,"id":4,"method":"none"}', 4),
        ('{"id":4,"method":"none"}', 4),
        ('{"jsonrpc":"2.0","id":4,"method":1}', 4),
        ('{"jsonrpc":"2.0","id":4,"method":null}', 4),
        ('{"jsonrpc":"2.0","method":1,"params":"bar"}', None),
        ("[]", None),
    ],
)
async def test_what_is_no_request_is_an_invalid_request(body: str, request_id: object) -> None:
    assert await error_of(body) == (request_id, -32600)


async def test_unknown_methods_are_named() -> None:
    found = await call("eth_nope")
    assert found["error"] == {"code": -32601, "message": "the method eth_nope does not exist/is not available"}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("[]", "missing value for required argument 0"),
        ("[null]", "missing value for required argument 0"),
        ('["0x1","0x1"]', "too many arguments, want at most 1"),
        ('{"a":1}', "non-array args"),
        ('"0x1"', "non-array args"),
        ('["0x01"]', "invalid argument 0: hex number with leading zero digits"),
        ("[1]", "invalid argument 0: cannot unmarshal non-string into quantity"),
        ('["0x10000000000000000"]', "invalid argument 0: hex number > 64 bits"),
    ],
)
async def test_wrong_params_are_named(params: str, words: str) -> None:
    found = await answer('{"jsonrpc":"2.0","id":1,"method":"one","params":' + params + "}")
    assert found["error"] == {"code": -32602, "message": words}


async def test_optional_params_have_their_default() -> None:
    assert (await call("two", "0x1"))["result"] == [1, 7]
    assert (await call("two", "0x1", None))["result"] == [1, 7]


@pytest.mark.parametrize("params", ["", ',"params":null', ',"params":[]', ',"params":{}'])
async def test_no_params_may_be_said_in_several_ways(params: str) -> None:
    assert (await answer('{"jsonrpc":"2.0","id":1,"method":"none"' + params + "}"))["result"] == []


@pytest.mark.parametrize(
    ("method", "code", "message"),
    [
        ("rejects", -32000, "nonce too low: next nonce 1"),
        ("refuses", -32004, "this node follows the ledgers and takes no transactions"),
        ("busy", -32005, "server busy, try again later: queue full"),
        ("never", -32002, "request timed out"),
        ("crashes", -32603, "the node is stopping"),
        ("breaks", -32603, "internal error (request 1)"),
        ("bytes", -32603, "internal error (request 1)"),
        ("much", -32003, "response too large"),
    ],
)
async def test_errors_have_codes_and_tell_no_secrets(method: str, code: int, message: str) -> None:
    assert (await call(method))["error"] == {"code": code, "message": message}


async def test_data_travels_with_an_error_that_has_some() -> None:
    assert (await call("reverts"))["error"] == {"code": 3, "message": "execution reverted", "data": "0x"}


@pytest.mark.parametrize("method", ["none", "unknown", "breaks"])
async def test_notifications_get_no_answer(method: str) -> None:
    assert await answer('{"jsonrpc":"2.0","method":"' + method + '"}') is None


async def test_batches_are_answered_in_order_and_item_by_item() -> None:
    body = """[{"jsonrpc":"2.0","id":"a","method":"one","params":["0x1"]}, 3, {"jsonrpc":"2.0","method":"none"},
               {"jsonrpc":"2.0","id":"b","method":"nope"}, {"id":9}]"""
    found = await answer(body)
    assert [(item["id"], item.get("error", {}).get("code")) for item in found] == [
        ("a", None),
        (None, -32600),
        ("b", -32601),
        (9, -32600),
    ]


async def test_a_batch_of_notifications_gets_no_answer() -> None:
    assert await answer('[{"jsonrpc":"2.0","method":"none"},{"jsonrpc":"2.0","method":"none"}]') is None


async def test_nested_batches_are_invalid_requests() -> None:
    found = await answer('[[{"jsonrpc":"2.0","id":1,"method":"none"}]]')
    assert [item["error"]["code"] for item in found] == [-32600]


async def test_a_batch_has_a_limit() -> None:
    assert await error_of("[" + ",".join(["1"] * 6) + "]") == (None, -32600)


async def test_the_answers_of_a_batch_have_a_limit_together() -> None:
    items = [{"jsonrpc": "2.0", "id": i, "method": "one", "params": ["0x1"]} for i in range(5)]
    small = Dispatcher(TABLE, RpcSettings(batch_concurrency=2, response_bytes_max=60), Metrics())
    found = json.loads(await small.answer_body(json.dumps(items).encode()))
    assert [item["id"] for item in found] == [0, 1, 2, 3, 4]
    assert [item.get("error", {}).get("code") for item in found] == [None, None, -32003, -32003, -32003]


async def test_members_that_nobody_asked_for_are_ignored() -> None:
    assert (await answer('{"jsonrpc":"2.0","id":1,"method":"none","extra":{"a":[]}}'))["result"] == []


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_no_bytes_can_break_it(body: bytes) -> None:
    asyncio.run(make_dispatcher().answer_body(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(sorted(TABLE)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "x"]), inner, max_size=5)
    ),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_no_json_can_break_it(value: object) -> None:
    raw = asyncio.run(make_dispatcher().answer_body(json.dumps(value).encode()))
    for item in [found] if isinstance(found := json.loads(raw or b"[]"), dict) else found:
        assert item["jsonrpc"] == "2.0"
        assert ("result" in item) != ("error" in item)
