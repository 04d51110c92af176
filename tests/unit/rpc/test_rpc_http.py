"""The HTTP face: content types, sizes, CORS, the Host check. JSON-RPC errors come with status 200."""

import gzip
import json
from typing import Any

import pytest
from aiohttp import ClientSession
from listening import CHAIN_ID, listening

from rpc.http import host_name, is_ip
from rpc.settings import RpcSettings

CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}).encode()
JSON = {"Content-Type": "application/json"}


async def exchange(
    method: str, path: str = "/", settings: RpcSettings | None = None, **request: Any
) -> tuple[int, Any, bytes]:
    """Status, headers and body of one request to a fresh listener."""
    async with (
        listening(settings) as server,
        ClientSession() as session,
        session.request(method, server.url + path, **request) as response,
    ):
        return response.status, response.headers, await response.read()


async def test_a_call_is_answered() -> None:
    status, headers, body = await exchange("POST", data=CALL, headers=JSON)
    assert status == 200
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(body)["result"] == hex(CHAIN_ID)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/json-rpc", "APPLICATION/JSON"])
async def test_json_types_are_taken(kind: str) -> None:
    assert (await exchange("POST", data=CALL, headers={"Content-Type": kind}))[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_types_that_a_browser_sends_unasked_are_refused(kind: str) -> None:
    assert (await exchange("POST", data=CALL, headers={"Content-Type": kind}))[0] == 415


@pytest.mark.parametrize("body", [b"", b"garbage", b"\x00\xff" * 500, gzip.compress(CALL, mtime=0)])
async def test_garbage_is_a_parse_error_with_status_200(body: bytes) -> None:
    status, _, answer = await exchange("POST", data=body, headers=JSON)
    assert (status, json.loads(answer)["error"]["code"]) == (200, -32700)


async def test_notifications_get_an_empty_body() -> None:
    status, _, body = await exchange("POST", data=b'{"jsonrpc":"2.0","method":"eth_chainId"}', headers=JSON)
    assert (status, body) == (200, b"")


async def test_an_oversized_body_is_refused_by_its_length_or_by_its_bytes() -> None:
    settings = RpcSettings(body_bytes_max=1000)

    async def in_chunks() -> Any:
        for _ in range(30):
            yield b" " * 100

    for body in (b" " * 1001, in_chunks()):
        status, _, answer = await exchange("POST", settings=settings, data=body, headers=JSON)
        error = json.loads(answer)["error"]
        assert (status, error["code"]) == (200, -32600)
        assert error["message"].startswith("content length too large")


async def test_a_body_of_the_largest_size_is_taken() -> None:
    status, _, body = await exchange(
        "POST", data=CALL.ljust(1000), headers=JSON, settings=RpcSettings(body_bytes_max=1000)
    )
    assert (status, json.loads(body)["result"]) == (200, hex(CHAIN_ID))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("PUT", "/", 405),
        ("DELETE", "/", 405),
        ("GET", "/nothing", 404),
        ("POST", "/healthz", 404),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
    ],
)
async def test_other_methods_and_paths(method: str, path: str, status: int) -> None:
    assert (await exchange(method, path))[0] == status


@pytest.mark.parametrize(
    ("hosts", "header", "status"),
    [
        (("localhost",), "localhost:8545", 200),
        (("localhost",), "LOCALHOST", 200),
        (("localhost",), "127.0.0.1:8545", 200),
        (("localhost",), "[::1]:8545", 200),
        (("localhost",), "evil.example", 403),
        (("localhost",), "localhost.evil.example:8545", 403),
        (("node.example",), "node.example:443", 200),
        (("*",), "anything.example", 200),
    ],
)
async def test_the_host_must_be_ours(hosts: tuple[str, ...], header: str, status: int) -> None:
    settings = RpcSettings(virtual_hosts=hosts)
    assert (await exchange("POST", settings=settings, data=CALL, headers=JSON | {"Host": header}))[0] == status


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((), "https://app.example", None),
        (("*",), "https://app.example", "*"),
        (("https://app.example",), "https://app.example", "https://app.example"),
        (("https://app.example",), "https://other.example", None),
    ],
)
async def test_browsers_may_read_where_the_origin_is_allowed(
    origins: tuple[str, ...], origin: str, allowed: str | None
) -> None:
    settings = RpcSettings(cors_origins=origins)
    _, headers, _ = await exchange("POST", settings=settings, data=CALL, headers=JSON | {"Origin": origin})
    assert headers.get("Access-Control-Allow-Origin") == allowed


async def test_a_preflight_is_answered() -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    status, headers, _ = await exchange("OPTIONS", settings=RpcSettings(cors_origins=("*",)), headers=asked)
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    assert "POST" in headers["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Private-Network"] == "true"


def test_host_headers_are_taken_apart() -> None:
    assert [host_name(header) for header in ("A.b:1", "[::1]:2", "c", "[fe80::1]")] == ["a.b", "::1", "c", "fe80::1"]
    assert is_ip("::1")
    assert is_ip("10.0.0.1")
    assert not is_ip("10.0.0.1.example")
