"""No parameters, however odd, get anything but a result or a proper refusal out of any method."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_chain import make_chain_ports, make_dispatcher, make_paying_block
from made_rollup import GENESIS, MadeRollup

from rpc.errors import INTERNAL_ERROR

ROLLUP = MadeRollup()
BLOCKS = [make_paying_block(number, 10**9, (5, 21_000)) for number in range(3)]
PORTS = make_chain_ports(*BLOCKS, rollup=ROLLUP, heads=ROLLUP, genesis=GENESIS)
DISPATCHER = make_dispatcher(PORTS)
METHODS = DISPATCHER.methods

WORDS = st.sampled_from(
    ["latest", "pending", "0x", "0x0", "0x1", "0x2", "0x00", "0x" + "f" * 16, "0x" + "f" * 64, "0x" + "11" * 20]
)
HASHES = st.sampled_from(["0x" + BLOCKS[1].header.hash.hex(), "0x" + "22" * 32])
MEMBERS = (
    "from to gas gasPrice maxFeePerGas value data input accessList address storageKeys authorizationList fromBlock "
    "toBlock blockHash blockNumber topics state stateDiff balance code nonce chainId"
)
NAMES = st.sampled_from(MEMBERS.split())
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | WORDS
    | HASHES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | WORDS, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None)
@given(params=st.lists(ODD, max_size=4) | ODD)
def test_no_parameters_break_a_method(method: str, params: object) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    answer = json.loads(asyncio.run(DISPATCHER.answer_body(body)))
    assert answer.get("error", {}).get("code") != INTERNAL_ERROR, (params, answer)
