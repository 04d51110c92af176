"""Compiles contracts/src with npm's solc and writes contracts/artifacts. Started by scripts/compile-contracts.

Each contract is compiled in a run of its own, from its own sources only: adding a contract never changes the code of
another. The bytecode holds no metadata, so the same sources give the same bytes on every machine.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from contracts.sources import read_closure, source_hash

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools" / "contracts" / "node_modules"
CONTRACTS = ("BatchInbox", "DemoCounter", "DemoToken", "LedgerOracle", "MirrorAnchor", "Multicall3")
SETTINGS = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 10_000},
    "viaIR": True,
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
}
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]


def main() -> None:
    """Write one JSON file per contract; exit with the compiler's words if it finds fault, warnings included."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "contracts" / "artifacts")
    out = Path(os.environ.get("CALLER_DIRECTORY", ".")) / parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        artifacts = list(pool.map(compile_contract, CONTRACTS))
    for name, artifact in zip(CONTRACTS, artifacts, strict=True):
        (out / f"{name}.json").write_text(json.dumps(artifact, indent=2) + "\n", encoding="utf-8")
        sys.stderr.write(f"{name}: {len(artifact['runtime']) // 2 - 1} bytes of runtime code\n")


def compile_contract(name: str) -> dict[str, Any]:
    """Artefact of one contract, as it is written to disk."""
    output = run_compiler(
        {
            "language": "Solidity",
            "sources": {file_name: {"content": text} for file_name, text in read_closure(name).items()},
            "settings": SETTINGS | {"outputSelection": {f"{name}.sol": {name: OUTPUTS}}},
        }
    )
    contract = output["contracts"][f"{name}.sol"][name]
    return {
        "contract": name,
        "compiler": f"solc {package_version('solc')}",
        "library": f"@openzeppelin/contracts {package_version('@openzeppelin/contracts')}",
        "settings": SETTINGS,
        "sourceHash": "0x" + source_hash(name).hex(),
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "runtime": "0x" + contract["evm"]["deployedBytecode"]["object"],
    }


def run_compiler(request: dict[str, Any]) -> dict[str, Any]:
    """One solc run over standard JSON. Exits on any error or warning."""
    command = ["node", str(TOOLS / "solc" / "solc.js"), "--standard-json"]
    command += ["--base-path", "/", "--include-path", str(TOOLS)]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"solc failed: {done.stderr.strip()}")
    output: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    if output.get("errors"):
        sys.exit("\n".join(error["formattedMessage"] for error in output["errors"]))
    return output


def package_version(package: str) -> str:
    """Version of an installed npm package."""
    return str(json.loads((TOOLS / package / "package.json").read_text(encoding="utf-8"))["version"])


if __name__ == "__main__":
    main()
