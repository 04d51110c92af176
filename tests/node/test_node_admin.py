"""Operators' methods on a whole node: on their own port only."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ledger_world import ANCHOR, MIRROR, POINTERS, NodePlan, build_world, run_whole_node

from node.config import AdminSection, LedgerSection, NodeConfig, RpcSection
from node.listener_config import build_admin_listener, build_listener
from node.rollup_settings import Listener
from rollup.core.errors import BadConfig


async def call(url: str, method: str, *params: object) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        document = await answer.json()
        return document["error"] if "error" in document else document["result"]


async def test_an_operator_sees_and_steers_postings(tmp_path: Path) -> None:
    world = build_world()
    plan = NodePlan(fields={"admin": Listener(port=0)})
    async with run_whole_node(world, tmp_path, plan) as node:
        assert node.inner.admin is not None
        public, admin = node.inner.server.url, node.inner.admin.url
        batch = await node.seal_batch()
        number = batch.header.number
        await node.settle(number, mining=(ANCHOR, MIRROR))
        assert (await call(public, "admin_postings", ANCHOR))["code"] == -32601
        assert "admin" not in await call(public, "rpc_modules")
        assert await call(admin, "eth_chainId") == await call(public, "eth_chainId")
        assert (await call(admin, "admin_nodeInfo"))["url"] == public
        [row] = await call(admin, "admin_postings", ANCHOR)
        assert (row["batchNumber"], row["state"]) == (hex(number), "final")
        await node.until(lambda: node.row(POINTERS, number).state in ("queued", "sent"))
        failed = await call(admin, "admin_markPostingFailed", POINTERS, number, "not worth it")
        assert (failed["state"], failed["lastError"]) == ("failed", "not worth it")
        assert (await call(admin, "admin_retryPosting", hex(POINTERS), hex(number)))["state"] in ("queued", "sent")
        assert (await call(admin, "admin_abortPosting", POINTERS, number))["lastError"] == "aborted by the operator"
        missing = await call(admin, "admin_retryPosting", POINTERS, 999)
        assert missing == {"code": -32000, "message": f"no such posting: batch 999 on ledger {POINTERS}"}
        assert (await call(admin, "admin_retryPosting", ANCHOR, number))["code"] == -32000
        assert (await call(admin, "admin_adoptPosting", POINTERS, number, "0x" + "11" * 32))["code"] == -32000
        assert (await call(admin, "admin_clearAlarm", "", None))["code"] == -32602
        assert await call(admin, "admin_clearAlarm", "nothing_like_it") is False


async def test_an_operator_stops_the_node(tmp_path: Path) -> None:
    async with run_whole_node(build_world(), tmp_path, NodePlan(fields={"admin": Listener(port=0)})) as node:
        assert node.inner.admin is not None
        assert await call(node.inner.admin.url, "admin_stop") is True
        await node.inner.runners["admin_stop"]()


def make_config(**sections: object) -> NodeConfig:
    ledgers = (LedgerSection(ledger_id="eip155:1", url="http://127.0.0.1:1"),)
    return NodeConfig(role="follower", ledgers=ledgers, **sections)


def test_there_is_no_admin_listener_unless_asked_for() -> None:
    assert build_admin_listener(make_config()) is None
    made = build_admin_listener(make_config(admin=AdminSection(port=7)))
    assert made is not None
    assert (made.host, made.port) == ("127.0.0.1", 7)


def test_an_open_admin_listener_stays_on_this_machine() -> None:
    with pytest.raises(BadConfig, match=r"admin\.jwt_secret_file"):
        build_admin_listener(make_config(admin=AdminSection(host="0.0.0.0", port=7)))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("jwt_secret_file", "zz", "secret in hex"),
        ("jwt_secret_file", "00" * 31, "31 bytes"),
        ("api_keys_file", "# nothing\n", "one key per line"),
        ("api_keys_file", "short\n", "16 characters"),
    ],
)
def test_secrets_that_cannot_be_used_are_named(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / "secret"
    section = RpcSection(**{name: path})
    with pytest.raises(BadConfig, match="cannot read"):
        build_listener(section)
    path.write_text(text)
    path.chmod(0o644)
    with pytest.raises(BadConfig, match="chmod 600"):
        build_listener(section)
    path.chmod(0o600)
    with pytest.raises(BadConfig, match=words):
        build_listener(section)


def test_secrets_are_read(tmp_path: Path) -> None:
    secret, keys = tmp_path / "secret", tmp_path / "keys"
    for path, text in ((secret, "0x" + "0a" * 32 + "\n"), (keys, "# who\nfirst-of-the-keys\n\nsecond-of-the-keys\n")):
        path.write_text(text)
        path.chmod(0o600)
    access = build_listener(RpcSection(jwt_secret_file=secret, api_keys_file=keys)).settings.access
    assert (access.jwt_secret, access.api_keys) == (b"\n" * 32, ("first-of-the-keys", "second-of-the-keys"))
