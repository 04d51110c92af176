"""Tokens, API keys and the methods that a listener offers."""

import base64
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest
from listening import listening
from sockets import connected

from rpc.access import AccessRules, Gate
from rpc.settings import RpcSettings

SECRET = bytes(range(32))
NOW = 1_800_000_000
KEY = "an-api-key-of-some-length"


def encode(part: object) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def make_token(claims: object, header: object = None, secret: bytes = SECRET) -> str:
    signed = f"{encode(header or {'typ': 'JWT', 'alg': 'HS256'})}.{encode(claims)}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (make_token({"iat": NOW}), None),
        (make_token({"iat": NOW - 60}), None),
        (make_token({"iat": NOW + 60.0, "exp": NOW}), None),
        (make_token({"iat": NOW - 61}), "stale token"),
        (make_token({"iat": NOW + 61}), "future token"),
        (make_token({"iat": NOW, "exp": NOW - 1}), "token is expired"),
        (make_token({"iat": NOW, "exp": "late"}), "token is expired"),
        (make_token({}), "missing issued-at"),
        (make_token({"iat": True}), "missing issued-at"),
        (make_token({"iat": str(NOW)}), "missing issued-at"),
        (make_token({"iat": NOW}, secret=bytes(32)), "signature is invalid"),
        (make_token({"iat": NOW}, {"alg": "none"}), "signing method is not HS256"),
        (make_token({"iat": NOW}, {"alg": "HS512"}), "signing method is not HS256"),
        (make_token([1]), "signing method is not HS256"),
        (make_token(b"\xff"), "token is malformed"),
        (make_token({"iat": NOW}).rpartition(".")[0] + ".", "signature is invalid"),
        ("a.b", "token is malformed"),
        ("....", "token is malformed"),
        ("a.b.c", "token is malformed"),
        ("\u00e9.b.c", "token is malformed"),
        ("x" * 10_000, "token is too long"),
        ("", "missing token"),
    ],
)
def test_tokens_are_judged_as_geth_judges_them(token: str, fault: str | None) -> None:
    gate = Gate(AccessRules(jwt_secret=SECRET), clock=lambda: float(NOW))
    assert gate.find_fault({"Authorization": f"Bearer {token}"}) == fault


def test_keys_are_taken_from_either_header() -> None:
    gate = Gate(AccessRules(api_keys=("other", KEY)))
    assert gate.find_fault({"Authorization": f"bearer {KEY}"}) is None
    assert gate.find_fault({"X-API-Key": KEY}) is None
    assert gate.find_fault({"X-API-Key": KEY + "x"}) == "unknown API key"
    assert gate.find_fault({"Authorization": f"Basic {KEY}"}) == "missing token"
    assert Gate(AccessRules()).find_fault({}) is None
    both = Gate(AccessRules(SECRET, (KEY,)), clock=lambda: float(NOW))
    assert both.find_fault({"X-API-Key": KEY}) is None
    assert both.find_fault({"Authorization": f"Bearer {make_token({'iat': NOW})}"}) is None


def test_secrets_are_not_shown() -> None:
    assert KEY not in repr(RpcSettings(access=AccessRules(SECRET, (KEY,))))
    assert SECRET.hex() not in repr(AccessRules(SECRET))


async def post(url: str, method: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": []}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        return answer.status, await (answer.json() if answer.status == 200 else answer.text())


async def test_a_guarded_listener_asks_everybody_but_health_checks() -> None:
    settings = RpcSettings(access=AccessRules(api_keys=(KEY,)), cors_origins=("*",))
    async with listening(settings) as server:
        assert await post(server.url, "eth_chainId") == (401, "missing token\n")
        assert (await post(server.url, "eth_chainId", {"X-API-Key": KEY}))[0] == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await connected(server).__aenter__()
        assert refused.value.status == 401
        async with connected(server, headers={"Authorization": f"Bearer {KEY}"}) as client:
            assert await client.call("eth_blockNumber") == "0x0"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server.url}/healthz") as answer:
                assert answer.status == 200
            preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
            async with session.options(server.url, headers=preflight) as answer:
                assert answer.status == 204


async def test_a_listener_offers_what_it_lists() -> None:
    settings = RpcSettings(methods=("net", "eth_blockNumber", "eth_subscribe", "rpc_modules"))
    async with listening(settings) as server, connected(server) as client:
        assert await client.call("eth_blockNumber") == "0x0"
        assert await client.call("net_listening") is True
        assert (await client.call("eth_chainId"))["code"] == -32601
        assert (await client.call("web3_clientVersion"))["code"] == -32601
        assert isinstance(await client.call("eth_subscribe", "newHeads"), str)
        assert (await client.call("eth_unsubscribe", "0x1"))["code"] == -32601
        assert await client.call("rpc_modules") == {"eth": "1.0", "net": "1.0", "rpc": "1.0"}
