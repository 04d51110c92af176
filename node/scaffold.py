"""What ``entresol init`` writes: a commented TOML, a genesis and keys: what ``deploy`` and ``run`` then need."""

import time
from pathlib import Path

from node.genesis_file import write_genesis
from node.keys import write_new_key
from node.rollup_genesis import build_rollup_genesis
from rollup.core.errors import BadDataDirectory
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of
from rollup.core.ids import LedgerId, LedgerIndex

CONFIG_FILE = "entresol.toml"

CONFIG_TEXT = """\
# Configuration of an Entresol node. Every key can be set in the environment too: ENTRESOL_RPC__PORT=9000.
# Relative paths count from this file's directory.

role = "sequencer"            # "sequencer" seals blocks and posts batches; "follower" derives them from the ledgers
data = "data"                 # state, blocks, outbox; one node per directory
genesis = "rollup.json"       # the same file on every node of this rollup

[rpc]
host = "127.0.0.1"            # put a reverse proxy with TLS in front before you listen on another address
port = 8545
cors_origins = ["*"]          # browsers' origins that may call
vhosts = ["localhost"]        # host names that may be asked for (addresses always may)
call_time_max_s = 1.0         # eth_call and eth_estimateGas end after this
logs_count_max = 10000        # the most logs that one eth_getLogs answers

[sequencer]
key_file = "keys/sequencer.key"
block_interval_s = 0.2        # a block this often while there is work
idle_block_interval_s = 5.0   # and this often while there is none
block_time_budget_s = 0.4     # execution time after which a block closes
cursor_interval_s = 5.0       # how often blocks carry the heights of the ledgers
pool_transactions_max = 50000
pool_bytes_max = 67108864
pool_per_sender_max = 4096
pool_expiry_s = 10800

[batch]                       # a batch closes at whichever comes first
blocks_max = 4096
bytes_max = 118000            # one batch fits one ledger transaction
gas_max = 1000000000
age_s_max = 60.0
outbox_batches_max = 64       # so many batches may wait for the anchor before new transactions are refused

# One section per ledger of the genesis. ledger_id is the CAIP-2 id; the key pays for the postings.
[[ledgers]]
ledger_id = "eip155:31337"    # the anchor: its order of batches is the order
url = "http://127.0.0.1:8546"
key_file = "keys/poster.key"
poll_interval_s = 2.0
request_timeout_s = 10.0
fee_wei_max = 500000000000

[[ledgers]]
ledger_id = "eip155:31338"    # a mirror with the second copy of the data
url = "http://127.0.0.1:8547"
key_file = "keys/poster.key"

[logs]
level = "info"                # debug, info, warning, error
format = "text"               # text or json
"""


def scaffold_node(directory: Path, chain_id: int) -> list[str]:
    """Write the files; the lines to print. Raises BadDataDirectory when something is there already."""
    config = directory / CONFIG_FILE
    for path in (config, directory / "rollup.json"):
        if path.exists():
            raise BadDataDirectory(f"{path} exists already; nothing was written")
    sequencer_key = write_new_key(directory / "keys" / "sequencer.key")
    poster_key = write_new_key(directory / "keys" / "poster.key")
    ledgers = tuple(
        LedgerSpec(
            index=LedgerIndex(index),
            ledger_id=LedgerId(ledger_id),
            family="evm",
            role=role,
            finality=FinalityRule.TAG,
            finality_depth=0,
            address="",
            start_height=0,
        )
        for index, (ledger_id, role) in enumerate(
            (("eip155:31337", LedgerRole.ANCHOR), ("eip155:31338", LedgerRole.MIRROR))
        )
    )
    genesis = build_rollup_genesis(chain_id, address_of(sequencer_key), ledgers, int(time.time()), alloc={})
    write_genesis(directory / "rollup.json", genesis)
    config.write_text(CONFIG_TEXT)
    return [
        f"{config}: the configuration; set the ledgers' ids and URLs here and in rollup.json",
        f"{directory / 'rollup.json'}: the genesis; every node of this rollup needs the same",
        f"{directory / 'keys'}: sequencer 0x{address_of(sequencer_key).hex()}, poster 0x{address_of(poster_key).hex()}",
        "next: fund the poster on every ledger, then `entresol deploy` and `entresol run`",
    ]
