"""The mirror anchor on a foreign EVM: as the inbox, but batches may be skipped and the body may stay away."""

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
)
from chain_driver import Chain, Contract

from contracts import BATCH_MIRRORED_TOPIC, encode_post_batch, load_artifact
from rollup.core.batch import Batch
from rollup.core.hashes import SECP256K1_N, address_of
from rollup.core.ids import ZERO_HASH

BODY = b"compressed blocks" * 7
BATCHES = build_chain(6, BODY)


def header_only(batch: Batch) -> bytes:
    return encode_post_batch(batch.header_bytes, batch.signature, b"")


@pytest.fixture
def mirror(chain: Chain) -> Contract:
    return chain.deploy(load_artifact("MirrorAnchor"), *CONSTRUCTOR)


@pytest.fixture
def mirror_at_three(chain: Chain, mirror: Contract) -> Contract:
    assert chain.send(mirror.address, header_only(BATCHES[2]))["status"] == "0x1"
    return mirror


@pytest.mark.parametrize("with_body", [True, False])
def test_batches_are_kept_and_announced(chain: Chain, mirror: Contract, *, with_body: bool) -> None:
    for batch in BATCHES[:2]:
        receipt = chain.send(mirror.address, calldata(batch) if with_body else header_only(batch))
        header = batch.header
        assert receipt["status"] == "0x1"
        assert [log["topics"][0] for log in receipt["logs"]] == ["0x" + BATCH_MIRRORED_TOPIC.hex()]
        assert mirror.decode_event(receipt["logs"][0]) == (
            "BatchMirrored",
            header.number,
            batch.hash,
            header.parent_hash,
            header.state_root,
            header.outbox_root,
            with_body,
        )
        assert chain.read(mirror, "lastNumber") == header.number
        assert chain.read(mirror, "lastHash") == chain.read(mirror, "batchHash", header.number) == batch.hash
        assert chain.read(mirror, "stateRoot", header.number) == header.state_root
        assert chain.read(mirror, "outboxRoot", header.number) == header.outbox_root


def test_a_later_batch_covers_the_skipped_ones(chain: Chain, mirror_at_three: Contract) -> None:
    assert chain.read(mirror_at_three, "lastNumber") == 3
    assert chain.read(mirror_at_three, "batchHash", 2) == ZERO_HASH
    assert chain.send(mirror_at_three.address, calldata(BATCHES[5]))["status"] == "0x1"
    assert chain.read(mirror_at_three, "lastHash") == BATCHES[5].hash
    assert chain.read(mirror_at_three, "batchHash", 3) == BATCHES[2].hash


@pytest.mark.parametrize("number", [1, 2, 3])
def test_nothing_goes_back(chain: Chain, mirror_at_three: Contract, number: int) -> None:
    assert chain.refusal(mirror_at_three, header_only(BATCHES[number - 1])) == ("WrongNumber", 4, number)


def test_a_bare_header_does_not_keep_the_body_away(chain: Chain, mirror: Contract) -> None:
    first = BATCHES[0]
    chain.send(mirror.address, header_only(first), sender=chain.accounts[5])
    assert chain.read(mirror, "hasBody", 1) is False
    receipt = chain.send(mirror.address, calldata(first))
    assert mirror.decode_event(receipt["logs"][0])[1:3] == (1, first.hash)
    assert mirror.decode_event(receipt["logs"][0])[-1] is True
    assert chain.read(mirror, "hasBody", 1) is True
    assert chain.read(mirror, "lastNumber") == 1
    assert chain.refusal(mirror, calldata(first)) == ("WrongNumber", 2, 1)


def test_a_skipped_batch_can_bring_its_body_later(chain: Chain, mirror_at_three: Contract) -> None:
    for number in (2, 1):
        assert chain.send(mirror_at_three.address, calldata(BATCHES[number - 1]))["status"] == "0x1"
        assert chain.read(mirror_at_three, "batchHash", number) == BATCHES[number - 1].hash
        assert chain.read(mirror_at_three, "stateRoot", number) == BATCHES[number - 1].header.state_root
    assert chain.read(mirror_at_three, "lastNumber") == 3
    assert chain.read(mirror_at_three, "lastBlock") == BATCHES[2].header.last_block
    assert chain.read(mirror_at_three, "lastHash") == BATCHES[2].hash


def test_a_late_batch_does_not_contradict_what_is_here(chain: Chain, mirror_at_three: Contract) -> None:
    twin = build_batch(3, BATCHES[1].hash, BODY, end_time=1)
    assert chain.refusal(mirror_at_three, calldata(twin)) == ("WrongHash", BATCHES[2].hash, twin.hash)
    orphan = build_batch(1, BATCHES[1].hash, BODY)
    assert chain.refusal(mirror_at_three, calldata(orphan)) == ("WrongParent", GENESIS_HASH, BATCHES[1].hash)
    zero = build_batch(0, BATCHES[1].hash, BODY, first_block=0, last_block=0)
    assert chain.refusal(mirror_at_three, calldata(zero)) == ("WrongNumber", 4, 0)
    wrong = encode_post_batch(BATCHES[2].header_bytes, BATCHES[2].signature, b"X" + BODY[1:])
    refusal = chain.refusal(mirror_at_three, wrong)
    assert refusal is not None
    assert refusal[0] == "WrongDataHash"
    assert chain.read(mirror_at_three, "hasBody", 3) is False


def test_a_direct_successor_names_its_parent(chain: Chain, mirror_at_three: Contract) -> None:
    orphan = build_batch(4, GENESIS_HASH, BODY)
    assert chain.refusal(mirror_at_three, header_only(orphan)) == ("WrongParent", BATCHES[2].hash, GENESIS_HASH)
    moved = build_batch(4, BATCHES[2].hash, BODY, first_block=14)
    assert chain.refusal(mirror_at_three, header_only(moved)) is None
    assert chain.refusal(mirror_at_three, header_only(BATCHES[3])) is None


def test_a_body_must_be_the_one_that_the_header_names(chain: Chain, mirror: Contract) -> None:
    batch = BATCHES[0]
    refusal = chain.refusal(mirror, encode_post_batch(batch.header_bytes, batch.signature, BODY[:-1]))
    assert refusal == ("WrongDataLength", len(BODY), len(BODY) - 1)
    refusal = chain.refusal(mirror, encode_post_batch(batch.header_bytes, batch.signature, b"X" + BODY[1:]))
    assert refusal is not None
    assert refusal[0] == "WrongDataHash"


def test_signature_rollup_and_version_are_checked_as_in_the_inbox(chain: Chain, mirror: Contract) -> None:
    forged = build_batch(1, GENESIS_HASH, BODY, key=OTHER_KEY)
    assert chain.refusal(mirror, header_only(forged)) == ("WrongSigner", SEQUENCER, "0x" + address_of(OTHER_KEY).hex())
    foreign = build_batch(1, GENESIS_HASH, BODY, rollup_id=1)
    assert chain.refusal(mirror, header_only(foreign)) == ("WrongRollup", ROLLUP_ID, 1)
    unknown = build_batch(1, GENESIS_HASH, BODY, version=65_535)
    assert chain.refusal(mirror, header_only(unknown)) == ("UnknownVersion", 65_535)
    signature = BATCHES[0].signature
    high_s = (SECP256K1_N - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    twin = signature[:32] + high_s + bytes([27 + 28 - signature[64]])
    refusal = chain.refusal(mirror, encode_post_batch(BATCHES[0].header_bytes, twin, b""))
    assert refusal == ("ECDSAInvalidSignatureS", high_s)


def test_a_call_through_a_contract_is_refused(chain: Chain, mirror: Contract) -> None:
    relay = chain.deploy(load_artifact("Multicall3"))
    data = relay.encode("aggregate3", [(mirror.address, True, calldata(BATCHES[0]))])
    ((succeeded, refused),) = relay.decode("aggregate3", chain.call(relay.address, data))
    assert not succeeded
    assert mirror.decode_refusal(refused) == ("CallerNotEoa", relay.address)


def test_only_canonical_calldata_is_taken(chain: Chain, mirror: Contract) -> None:
    assert chain.refusal(mirror, header_only(BATCHES[0]) + bytes(32)) == ("NonCanonicalCalldata",)
    assert chain.refusal(mirror, calldata(BATCHES[0])[:-1] + b"\1") == ("NonCanonicalCalldata",)
