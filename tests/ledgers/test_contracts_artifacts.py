"""The committed artefacts are what the committed sources compile to."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_recompiling_gives_the_same_bytes(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "compile-contracts", "--out", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    committed = {path.name: path.read_bytes() for path in (ROOT / "contracts" / "artifacts").glob("*.json")}
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json")} == committed
