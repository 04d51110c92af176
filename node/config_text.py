"""The commented TOML that ``entresol init`` writes: every key with its default, and a section for every ledger."""

import json
from collections.abc import Mapping

HEAD = """\
# Configuration of an Entresol node. Every key can be set in the environment too: ENTRESOL_RPC__PORT=9000.
# Relative paths count from this file's directory. docs/operations.md explains every key.

role = "sequencer"            # "sequencer" seals blocks and posts batches; "follower" derives them from the ledgers
data = "data"                 # state, blocks, outbox; one node per directory
genesis = "rollup.json"       # the same file on every node of this rollup

[rpc]
host = "127.0.0.1"            # put a reverse proxy with TLS in front before you listen on another address
port = 8545
cors_origins = []             # web origins whose pages may call; wallets' extensions need none
websocket_origins = []        # browsers' origins that may open WebSockets; none means this machine's
vhosts = ["localhost"]        # host names that may be asked for (addresses always may)
call_time_max_s = 1.0         # eth_call and eth_estimateGas end after this
logs_count_max = 10000        # the most logs that one eth_getLogs answers
logs_range_max = 10000000     # the most blocks that it may name
head_age_max_s = 300.0        # an older head makes /readyz answer 503
methods = ["*"]               # namespaces ("eth") and methods ("eth_call") on offer
# jwt_secret_file = "keys/jwt.hex"   # callers bring a token (32 bytes of secret in hex, mode 0600) ...
# api_keys_file = "keys/api.keys"    # ... or one of these keys, one per line
body_bytes_max = 5242880
batch_items_max = 1000
response_bytes_max = 26214400
request_timeout_s = 30.0
keepalive_timeout_s = 120.0   # an idle HTTP connection is closed after this
answer_cache_bytes_max = 33554432      # encoded blocks and receipts that are kept ready
filters_max = 1000            # filters that are polled ...
filter_expiry_s = 300.0       # ... and when an unpolled one ends
sync_wait_s = 10.0            # eth_sendRawTransactionSync waits so long ...
sync_wait_max_s = 25.0        # ... or as long as it is told, up to this
websocket_connections_max = 1024
websocket_subscriptions_max = 1024     # of one connection
websocket_waiting_bytes_max = 4194304  # a reader that lets more news wait is dropped
websocket_ping_interval_s = 30.0
websocket_idle_timeout_s = 600.0       # a connection without subscriptions is closed after this

[admin]                       # operators' methods (docs/json-rpc.md), on a port of their own
host = "127.0.0.1"            # another address needs a secret or keys, as in [rpc]
vhosts = ["localhost"]
methods = ["*"]
# port = 8550                 # nowhere without it

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

[logs]
level = "info"                # debug, info, warning, error
format = "text"               # text or json

# One section per ledger of the genesis. ledger_id is its CAIP-2 id; the key pays for the postings.
"""

LEDGER = """
[[ledgers]]                   # {role}
ledger_id = {ledger_id}
url = {url}
key_file = "keys/poster.key"
poll_interval_s = 2.0         # how often it is asked for its head
request_timeout_s = 10.0
fee_wei_max = 500000000000    # the most that is offered per gas; above it postings wait
"""

ROLES = ("the anchor: its order of batches is the order", "a mirror with the second copy of the data")


def build_config_text(urls: Mapping[str, str]) -> str:
    """``urls`` by ledger id, the anchor first."""
    text = HEAD
    for index, (ledger_id, url) in enumerate(urls.items()):
        role = ROLES[index] if index < len(ROLES) else "a mirror"
        text += LEDGER.format(role=role, ledger_id=json.dumps(ledger_id), url=json.dumps(url))
    return text
