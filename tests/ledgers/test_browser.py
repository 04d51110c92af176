"""A page in headless Chromium whose injected wallet (EIP-1193) speaks to a chain of ours across origins."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from plain_chain import KEYS, open_plain_chain

from node.dev_wallet import DevWallet
from rpc.settings import RpcSettings

HERE = Path(__file__).resolve().parent
ETHERS = HERE.parents[1] / ".tools" / "ledgers" / "node_modules" / "ethers" / "dist" / "ethers.umd.min.js"
FILES = {"/": HERE / "clients" / "page.html", "/provider.js": HERE / "clients" / "provider.js", "/ethers.js": ETHERS}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--no-proxy-server", "--disable-dev-shm-usage")
STORY_TIME_MAX_S = 40


@dataclass(frozen=True, slots=True)
class PageSite:
    """Serves the page, and hears from it how it went."""

    url: str
    story: "asyncio.Future[dict[str, Any]]"


@asynccontextmanager
async def open_site() -> AsyncIterator[PageSite]:
    story: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def hear(request: web.Request) -> web.Response:
        story.set_result(json.loads(await request.read()))
        return web.Response()

    async def tell(request: web.Request) -> web.FileResponse:
        return web.FileResponse(FILES[request.path])

    app = web.Application()
    app.router.add_routes([web.get(url, tell) for url in FILES])
    app.router.add_post("/story", hear)
    async with TestServer(app) as server:
        yield PageSite(f"http://{server.host}:{server.port}", story)


@asynccontextmanager
async def browsing(url: str, profile: Path) -> AsyncIterator[None]:
    """A browser on ``url`` with a profile of its own, ended with the block."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.fail("no Chromium here: run scripts/install-ledgers as root, or apt-get install chromium")
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    null = asyncio.subprocess.DEVNULL
    options = (*QUIET, *sandbox, f"--user-data-dir={profile}", "--remote-debugging-port=0")
    process = await asyncio.create_subprocess_exec(browser, *options, url, stdout=null, stderr=null)
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def browse(tmp_path: Path, *, allowed: bool) -> dict[str, Any]:
    """What the page told; its origin is among those that may read the node's answers, or is not."""
    if not ETHERS.exists():
        pytest.fail("ethers is not installed: run scripts/install-ledgers")
    async with open_site() as site:
        settings = RpcSettings(cors_origins=(site.url if allowed else "http://elsewhere.example",))
        async with (
            open_plain_chain(tmp_path / "chain", settings, DevWallet(KEYS[:1])) as chain,
            browsing(f"{site.url}/?node={chain.url}", tmp_path / "profile"),
        ):
            return await asyncio.wait_for(site.story, STORY_TIME_MAX_S)


async def test_a_page_shows_the_balance_and_sends(tmp_path: Path) -> None:
    story = await browse(tmp_path, allowed=True)
    assert story.get("status") == 1, story
    assert story["shown"].startswith("Balance: 1000.0, sent: 0x")


async def test_a_page_of_another_origin_learns_nothing(tmp_path: Path) -> None:
    story = await browse(tmp_path, allowed=False)
    assert "Failed to fetch" in story["error"]
