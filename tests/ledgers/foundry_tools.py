"""Runs Foundry's cast and forge, the programs themselves, against a chain of ours."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOLC = HERE / "solc"
RUN_TIME_MAX_S = 60
CONFIG = f'[profile.default]\nsolc = "{SOLC}"\noffline = true\nevm_version = "cancun"\n'


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Foundry:
    """``home`` is a forge project of its own, and the home directory too: nothing of the user's is read or written."""

    url: str
    key: str
    home: Path

    async def run(self, program: str, *arguments: str) -> Ended:
        """One command to its end, whatever that is."""
        async with self.started(program, *arguments) as process:
            out, err = await asyncio.wait_for(process.communicate(), RUN_TIME_MAX_S)
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def cast(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        done = await self.run("cast", *arguments)
        assert done.code == 0, f"cast {arguments}: {done.err}"
        return done.out.strip()

    async def cast_json(self, *arguments: str) -> Any:
        command, *rest = arguments
        return json.loads(await self.cast(command, "--json", *rest))

    async def forge(self, *arguments: str) -> str:
        done = await self.run("forge", *arguments)
        assert done.code == 0, f"forge {arguments}: {done.out} {done.err}"
        return done.out

    async def send(self, *arguments: str) -> Any:
        """The receipt of a transaction that was signed here and waited for."""
        return await self.cast_json("send", "--private-key", self.key, *arguments)

    @asynccontextmanager
    async def started(self, program: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Ends the program where it has not ended by itself."""
        path = ROOT / ".tools" / "bin" / program
        if not path.exists():
            pytest.fail(f"{program} is not installed: run scripts/install-ledgers")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "ETH_RPC_URL": self.url, "NO_COLOR": "1"}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            path, *arguments, cwd=self.home, env=environment, stdout=pipe, stderr=pipe
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def make_project(home: Path) -> None:
    """A forge project with the counter's source and a script that deploys and uses it. Needs no network."""
    for folder in ("src", "script"):
        (home / folder).mkdir(parents=True)
    (home / "foundry.toml").write_text(CONFIG)
    (home / "src" / "DemoCounter.sol").write_bytes((ROOT / "contracts" / "src" / "DemoCounter.sol").read_bytes())
    (home / "script" / "Count.s.sol").write_bytes((HERE / "clients" / "Count.s.sol").read_bytes())
