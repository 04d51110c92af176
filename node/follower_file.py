"""Writes the configuration with which another process follows a rollup: its ledgers' URLs and the genesis, no more."""

from collections.abc import Mapping
from pathlib import Path

from rollup.core.genesis import RollupGenesis

HEAD = """\
# A follower of this rollup: derives every block from the ledgers and serves reads.
#   entresol run --config {path}

role = "follower"
data = "follower"
genesis = "rollup.json"

[rpc]
port = {port}
"""

LEDGER = """
[[ledgers]]
ledger_id = "{ledger_id}"
url = "{url}"
poll_interval_s = 0.5
"""

FOLLOWER_PORT = 8600


def write_follower_config(path: Path, genesis: RollupGenesis, urls: Mapping[int, str]) -> None:
    """Beside the genesis file that it names; written anew at every start, because ports may have changed."""
    text = HEAD.format(path=path, port=FOLLOWER_PORT)
    for spec in genesis.ledgers:
        text += LEDGER.format(ledger_id=spec.ledger_id, url=urls[spec.index])
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)
