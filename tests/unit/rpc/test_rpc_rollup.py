"""The rollup namespace: labels, batches, postings, ledgers."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from made_chain import make_chain_ports, make_dispatcher, make_paying_block
from made_rollup import BODY, GENESIS, MadeRollup, make_batch

from rollup.core.batch import decode_header
from rollup.core.block import Block
from rollup.core.hashes import keccak, recover_signer
from rollup.core.ids import Hash

BLOCKS = [make_paying_block(number, 10) for number in range(3)]


async def call(method: str, *params: object, blocks: Sequence[Block] = BLOCKS, **ports: object) -> Any:
    rollup = MadeRollup()
    ports = ports or {"rollup": rollup, "heads": rollup, "genesis": GENESIS}
    dispatcher = make_dispatcher(make_chain_ports(*blocks, **ports))
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    found = json.loads(await dispatcher.answer_body(json.dumps(body).encode()))
    return found.get("result", found.get("error"))


async def test_heads_have_numbers_and_hashes() -> None:
    heads = await call("rollup_heads")
    assert heads["unsafe"] == {"number": "0x2", "hash": "0x" + BLOCKS[2].header.hash.hex()}
    assert [heads[label]["number"] for label in ("safe", "finalized", "attested")] == ["0x1", "0x0", "0x0"]
    assert heads["received"] == "0x2"


async def test_tags_follow_the_heads() -> None:
    for tag, number in (("latest", 2), ("safe", 1), ("finalized", 0), ("pending", 2)):
        assert (await call("eth_getBlockByNumber", tag, False))["number"] == hex(number)


async def test_a_batch_can_be_verified_from_its_answer() -> None:
    shape = await call("rollup_getBatch", "0x1", True)
    header = bytes.fromhex(shape["header"][2:])
    digest = keccak(header)
    assert shape["hash"] == "0x" + digest.hex()
    assert decode_header(header) == make_batch().header
    assert recover_signer(Hash(digest), bytes.fromhex(shape["signature"][2:])) == GENESIS.sequencer
    assert shape["body"] == "0x" + BODY.hex()
    assert (shape["firstBlock"], shape["lastBlock"], shape["dataLength"]) == ("0x1", "0x2", hex(len(BODY)))
    assert shape["cursors"][0]["ledgerId"] == "bip122:00"


async def test_the_body_comes_only_when_asked_for() -> None:
    assert "body" not in await call("rollup_getBatch", "0x1")
    assert await call("rollup_getBatch", "0x2") is None


async def test_a_batch_says_how_much_it_holds() -> None:
    deposit = replace(BLOCKS[1], transactions=(b"\x7e" * 9,))
    users = replace(BLOCKS[2], transactions=(b"\2" * 100, b"\xf8" * 11))
    rollup = MadeRollup()
    shape = await call("rollup_getBatch", "0x1", blocks=[BLOCKS[0], deposit, users], rollup=rollup, heads=rollup)
    assert (shape["transactionCount"], shape["rawLength"]) == ("0x2", hex(111))
    shape = await call("rollup_getBatch", "0x1", blocks=BLOCKS[:2], rollup=rollup, heads=rollup)
    assert (shape["transactionCount"], shape["rawLength"]) == (None, None)


async def test_the_batch_of_a_block() -> None:
    for block in ("latest", "0x1", "0x" + BLOCKS[1].header.hash.hex(), {"blockNumber": "0x1"}):
        assert (await call("rollup_getBatchByBlock", block))["number"] == "0x1"
    assert await call("rollup_getBatchByBlock", "0x0") is None
    assert (await call("rollup_getBatchByBlock", "0x9"))["code"] == -32000


async def test_postings_name_their_ledgers() -> None:
    included, queued = await call("rollup_postings", "0x1")
    assert (included["ledgerId"], included["state"], included["height"]) == ("eip155:31", "included", "0x27")
    assert (queued["ledgerId"], queued["state"], queued["txId"]) == ("bip122:00", "queued", None)
    assert await call("rollup_postings", "0x2") == []


async def test_ledgers_and_alarms() -> None:
    anchor, mirror = await call("rollup_ledgers")
    assert (anchor["role"], anchor["height"], anchor["finality"], anchor["finalityDepth"]) == (
        "anchor",
        "0x28",
        "depth",
        "0x3",
    )
    assert mirror["alarms"] == await call("rollup_alarms")
    assert mirror["alarms"][0]["code"] == "ledger_reorged"


async def test_genesis() -> None:
    genesis = await call("rollup_genesis")
    assert (genesis["rollupId"], genesis["attestedMin"], len(genesis["ledgers"])) == ("0x4d", "0x2", 2)


async def test_a_plain_chain_has_no_rollup_namespace() -> None:
    for method in ("rollup_heads", "rollup_getBatch", "rollup_genesis"):
        assert (await call(method, pool=None))["code"] == -32601
    assert "rollup" not in await call("rpc_modules", pool=None)
    assert "rollup" in await call("rpc_modules")


async def test_a_follower_refuses_transactions() -> None:
    error = await call("eth_sendRawTransaction", "0x02")
    assert error == {"code": -32004, "message": "this node follows the ledgers and takes no transactions"}
