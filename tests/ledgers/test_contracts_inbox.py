"""The batch inbox on a foreign EVM: order, parent, data hash, signature, canonical form, and who may call."""

from typing import Any

import pytest
from batch_vectors import (
    CONSTRUCTOR,
    GENESIS_HASH,
    OTHER_KEY,
    ROLLUP_ID,
    SEQUENCER,
    build_batch,
    build_chain,
    calldata,
    compressed_body,
)
from chain_driver import Chain, Contract

from contracts import BATCH_POSTED_TOPIC, POST_BATCH_SELECTOR, decode_post_batch, encode_post_batch, load_artifact
from rollup.core.hashes import SECP256K1_N, address_of
from rollup.core.ids import ZERO_HASH

BODY = b"compressed blocks" * 7
FIRST, SECOND = build_chain(2, BODY)


@pytest.fixture
def inbox(chain: Chain) -> Contract:
    return chain.deploy(load_artifact("BatchInbox"), *CONSTRUCTOR)


@pytest.fixture
def inbox_after_one(chain: Chain, inbox: Contract) -> Contract:
    assert chain.send(inbox.address, calldata(FIRST))["status"] == "0x1"
    return inbox


def test_a_fresh_inbox_stands_at_the_genesis(chain: Chain, inbox: Contract) -> None:
    assert chain.read(inbox, "sequencer") == SEQUENCER
    assert chain.read(inbox, "rollupId") == ROLLUP_ID
    assert chain.read(inbox, "lastNumber") == 0
    assert chain.read(inbox, "lastBlock") == 0
    assert chain.read(inbox, "lastHash") == GENESIS_HASH
    assert chain.read(inbox, "batchHash", 1) == ZERO_HASH


def test_batches_in_order_are_kept_and_announced(chain: Chain, inbox: Contract) -> None:
    for batch in build_chain(3, compressed_body(5_000)):
        receipt = chain.send(inbox.address, calldata(batch), sender=chain.accounts[batch.header.number])
        header = batch.header
        assert receipt["status"] == "0x1"
        assert [log["topics"][0] for log in receipt["logs"]] == ["0x" + BATCH_POSTED_TOPIC.hex()]
        assert inbox.decode_event(receipt["logs"][0]) == (
            "BatchPosted",
            header.number,
            batch.hash,
            header.parent_hash,
            header.state_root,
            header.outbox_root,
            header.first_block,
            header.last_block,
        )
        assert chain.read(inbox, "lastNumber") == header.number
        assert chain.read(inbox, "lastBlock") == header.last_block
        assert chain.read(inbox, "lastHash") == chain.read(inbox, "batchHash", header.number) == batch.hash
        assert chain.read(inbox, "stateRoot", header.number) == header.state_root
        assert chain.read(inbox, "outboxRoot", header.number) == header.outbox_root


def test_the_batch_is_read_back_from_the_transaction(chain: Chain, inbox: Contract) -> None:
    receipt = chain.send(inbox.address, calldata(FIRST))
    sent = chain.rpc("eth_getTransactionByHash", receipt["transactionHash"])
    assert decode_post_batch(bytes.fromhex(sent["input"][2:])) == (FIRST.header_bytes, FIRST.signature, FIRST.body)


def test_a_replay_changes_nothing(chain: Chain, inbox_after_one: Contract) -> None:
    receipt = chain.send(inbox_after_one.address, calldata(FIRST), sender=chain.accounts[3])
    assert receipt["status"] == "0x0"
    assert receipt["logs"] == []
    assert chain.refusal(inbox_after_one, calldata(FIRST)) == ("WrongNumber", 2, 1)
    assert chain.read(inbox_after_one, "lastHash") == FIRST.hash


@pytest.mark.parametrize(
    ("number", "changes", "refusal"),
    [
        (3, {}, ("WrongNumber", 2, 3)),
        (2**64 - 1, {}, ("WrongNumber", 2, 2**64 - 1)),
        (2, {"parent_hash": GENESIS_HASH}, ("WrongParent", FIRST.hash, GENESIS_HASH)),
        (2, {"last_block": 4}, ("EmptyBlockRange", 5, 4)),
        (2, {"rollup_id": ROLLUP_ID + 1}, ("WrongRollup", ROLLUP_ID, ROLLUP_ID + 1)),
        (2, {"version": 2}, ("UnknownVersion", 2)),
        (2, {"version": 0}, ("UnknownVersion", 0)),
        (2, {"data_length": len(BODY) + 1}, ("WrongDataLength", len(BODY) + 1, len(BODY))),
        (2, {"data_length": 0}, ("WrongDataLength", 0, len(BODY))),
        (2, {"data_hash": ZERO_HASH}, ("WrongDataHash", ZERO_HASH, SECOND.header.data_hash)),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(
    chain: Chain, inbox_after_one: Contract, number: int, changes: dict[str, Any], refusal: tuple[object, ...]
) -> None:
    fields = {"parent_hash": FIRST.hash, "first_block": 5, "last_block": 8} | changes
    batch = build_batch(number, fields.pop("parent_hash"), BODY, **fields)
    assert chain.refusal(inbox_after_one, calldata(batch)) == refusal


def test_which_blocks_follow_is_left_to_derivation(chain: Chain, inbox_after_one: Contract) -> None:
    """After a batch that changed no state the next one begins where that one had begun: the ledger must take it."""
    again = build_batch(2, FIRST.hash, BODY, first_block=FIRST.header.first_block, last_block=FIRST.header.last_block)
    assert chain.refusal(inbox_after_one, calldata(again)) is None


def test_another_body_is_refused(chain: Chain, inbox: Contract) -> None:
    other = bytes([BODY[0] ^ 1]) + BODY[1:]
    refusal = chain.refusal(inbox, encode_post_batch(FIRST.header_bytes, FIRST.signature, other))
    assert refusal is not None
    assert refusal[0] == "WrongDataHash"
    refusal = chain.refusal(inbox, encode_post_batch(FIRST.header_bytes, FIRST.signature, b""))
    assert refusal == ("WrongDataLength", len(BODY), 0)


def test_only_the_sequencer_signs(chain: Chain, inbox: Contract) -> None:
    batch = build_batch(1, GENESIS_HASH, BODY, key=OTHER_KEY)
    assert chain.refusal(inbox, calldata(batch)) == ("WrongSigner", SEQUENCER, "0x" + address_of(OTHER_KEY).hex())


@pytest.mark.parametrize("length", [0, 64, 66, 130])
def test_a_signature_has_65_bytes(chain: Chain, inbox: Contract, length: int) -> None:
    signature = (FIRST.signature * 2)[:length]
    refusal = chain.refusal(inbox, encode_post_batch(FIRST.header_bytes, signature, BODY))
    assert refusal == ("ECDSAInvalidSignatureLength", length)


def test_the_malleable_twin_of_a_signature_is_refused(chain: Chain, inbox: Contract) -> None:
    high_s = (SECP256K1_N - int.from_bytes(FIRST.signature[32:64], "big")).to_bytes(32, "big")
    twin = FIRST.signature[:32] + high_s + bytes([27 + 28 - FIRST.signature[64]])
    refusal = chain.refusal(inbox, encode_post_batch(FIRST.header_bytes, twin, BODY))
    assert refusal == ("ECDSAInvalidSignatureS", high_s)


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_v_is_27_or_28(chain: Chain, inbox: Contract, v: int) -> None:
    signature = FIRST.signature[:64] + bytes([v])
    refusal = chain.refusal(inbox, encode_post_batch(FIRST.header_bytes, signature, BODY))
    assert refusal == ("ECDSAInvalidSignature",)


def test_a_call_through_a_contract_is_refused(chain: Chain, inbox: Contract) -> None:
    relay = chain.deploy(load_artifact("Multicall3"))
    calls = [(inbox.address, True, calldata(FIRST))]
    data = relay.encode("aggregate3", calls)
    ((succeeded, refused),) = relay.decode("aggregate3", chain.call(relay.address, data))
    assert not succeeded
    assert inbox.decode_refusal(refused) == ("CallerNotEoa", relay.address)
    assert chain.send(relay.address, data)["status"] == "0x1"
    assert chain.read(inbox, "lastNumber") == 0


def test_an_account_with_delegated_code_is_refused(chain: Chain, inbox: Contract) -> None:
    sender = chain.accounts[9]
    relay = chain.deploy(load_artifact("Multicall3"))
    chain.rpc("anvil_setCode", sender, "0xef0100" + relay.address[2:])
    assert chain.refusal(inbox, calldata(FIRST), sender) == ("CallerNotEoa", sender)
    # the account's own delegated code calls: caller and origin are the same account
    calls = [(inbox.address, True, calldata(FIRST))]
    answer = chain.call(sender, relay.encode("aggregate3", calls), sender)
    ((succeeded, refused),) = relay.decode("aggregate3", answer)
    assert not succeeded
    assert inbox.decode_refusal(refused) == ("CallerNotEoa", sender)
    chain.rpc("anvil_setCode", sender, "0x")


def test_value_is_not_taken(chain: Chain, inbox: Contract) -> None:
    assert chain.send(inbox.address, calldata(FIRST), value=1)["status"] == "0x0"


def test_a_batch_without_body_is_possible_if_it_was_signed_so(chain: Chain, inbox: Contract) -> None:
    assert chain.send(inbox.address, calldata(build_batch(1, GENESIS_HASH, b"")))["status"] == "0x1"


def test_only_canonical_calldata_is_taken(chain: Chain, inbox: Contract) -> None:
    assert chain.refusal(inbox, calldata(FIRST)) is None
    for name, data in dressed_differently(calldata(FIRST)).items():
        assert chain.refusal(inbox, data) == ("NonCanonicalCalldata",), name


def dressed_differently(data: bytes) -> dict[str, bytes]:
    """Calldata that Solidity's own decoder reads as the same batch."""
    words = [data[4 + at : 36 + at] for at in range(0, len(data) - 4, 32)]
    header_words = 1 + -(-len(FIRST.header_bytes) // 32)
    shifted = [(int.from_bytes(word, "big") + 32).to_bytes(32, "big") for word in words[:3]]
    header, rest = words[3 : 3 + header_words], words[3 + header_words :]
    signature, body = rest[:4], rest[4:]
    swapped = [words[0], (96 + 32 * (header_words + len(body))).to_bytes(32, "big"), words[1]]
    assert len(BODY) % 32
    return {
        "a trailing byte": data + b"\0",
        "a trailing word": data + bytes(32),
        "a gap before the strings": POST_BATCH_SELECTOR + b"".join([*shifted, bytes(32), *words[3:]]),
        "a gap between two": POST_BATCH_SELECTOR
        + b"".join([*words[:2], shifted[2], *header, *signature, bytes(32), *body]),
        "strings in another order": POST_BATCH_SELECTOR + b"".join([*swapped, *header, *body, *signature]),
        "dirty padding behind the body": data[:-1] + b"\1",
        "dirty padding behind the signature": POST_BATCH_SELECTOR
        + b"".join([*words[:3], *header, *signature[:3], signature[3][:-1] + b"\1", *body]),
        "the last padding cut off": data[: -(-len(BODY) % 32)],
    }
