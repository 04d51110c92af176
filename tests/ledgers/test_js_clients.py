"""ethers v6 and viem against a chain of ours. The scripts hold the assertions; node runs them."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from plain_chain import PlainChain, open_plain_chain

from contracts.artifact import load_artifact

HERE = Path(__file__).parent
PACKAGES = HERE.parent.parent / ".tools" / "ledgers"
SCRIPT_TIME_MAX_S = 60


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[PlainChain]:
    async with open_plain_chain(tmp_path) as running:
        yield running


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """What the scripts deploy, as they read it."""
    path = tmp_path / "artifacts.json"
    found = {"counter": load_artifact("DemoCounter"), "token": load_artifact("DemoToken")}
    path.write_text(
        json.dumps({name: {"abi": one.abi, "bytecode": "0x" + one.bytecode.hex()} for name, one in found.items()})
    )
    return path


def check_installed(package: str) -> str:
    """Path of node. What is missing fails the test with the command that installs it."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is not installed: install Node.js 20 or newer (apt-get install nodejs)")
    if not (PACKAGES / "node_modules" / package).is_dir():
        pytest.fail(f"{package} is not installed: run scripts/install-ledgers")
    return node


@pytest.mark.parametrize("client", ["ethers", "viem", "ethers-socket", "viem-socket"])
async def test_a_javascript_client_works(client: str, chain: PlainChain, artifacts: Path) -> None:
    node = check_installed(client.partition("-")[0])
    environment = os.environ | {"CLIENT_PACKAGES": str(PACKAGES / "package.json")}
    script = await asyncio.create_subprocess_exec(
        node,
        str(HERE / "clients" / f"{client}.mjs"),
        chain.url,
        "0x" + chain.keys[0].hex(),
        str(artifacts),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(script.communicate(), SCRIPT_TIME_MAX_S)
    finally:
        if script.returncode is None:
            script.kill()
            await script.wait()
    assert script.returncode == 0, output.decode()
    assert f"{client}: done" in output.decode()
