"""Proofs against the reference implementation's check, and access lists against what a call does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from test_vm_trie import KEYS, VALUES, NodeTable
from trie import HexaryTrie
from vm_chain import ACCOUNTS, COUNTER, GENESIS, sign, work_on

from rollup.core.errors import CallTimedOut, UnknownBlock
from rollup.core.execution import AccountOverride, AccountProof, CallRequest, SlotRequest
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH, Address, BlockNumber, Hash
from rollup.vm.calls import CallLimits
from rollup.vm.engine import Engine
from rollup.vm.trie import EMPTY_ROOT, Trie, nibbles_of

LIMITS = CallLimits(gas_max=30_000_000)
NOBODY = Address(b"\x9a" * 20)
CODED = Address(b"\x9b" * 20)
EMPTY_ACCOUNT = (0, 0, EMPTY_ROOT, EMPTY_CODE_HASH)


def proven(root: Hash, key: bytes, nodes: tuple[bytes, ...]) -> bytes:
    """What the nodes prove about a key, by py-trie. Raises when they prove nothing."""
    value: bytes = HexaryTrie.get_from_proof(root, key, [rlp.decode(node) for node in nodes])
    return value


@given(st.dictionaries(KEYS, VALUES, max_size=20), KEYS)
def test_a_proof_is_what_the_reference_accepts(content: dict[bytes, bytes], key: bytes) -> None:
    trie = Trie(NodeTable())
    root = trie.update(EMPTY_ROOT, {nibbles_of(each): value for each, value in content.items()})
    nodes = trie.prove(root, nibbles_of(key))
    if root == EMPTY_ROOT:
        assert nodes == ()
        return
    assert keccak(nodes[0]) == root
    assert proven(root, key, nodes) == content.get(key, b"")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(tmp_path, GENESIS)
    opened.execute_block(work_on(opened, sign(0, 0)), lambda: None)
    yield opened
    opened.close()


def check_proof(root: Hash, proof: AccountProof) -> None:
    account = proof.account
    fields = (account.nonce, account.balance, account.storage_root, account.code_hash)
    encoded = proven(root, keccak(account.address), proof.nodes)
    assert encoded == (b"" if fields == EMPTY_ACCOUNT else rlp.encode(fields))
    for slot in proof.slots:
        if account.storage_root == EMPTY_ROOT:
            assert (slot.value, slot.nodes) == (0, ())
            continue
        found = proven(account.storage_root, keccak(slot.slot.to_bytes(32, "big")), slot.nodes)
        assert found == (rlp.encode(slot.value) if slot.value else b"")


@pytest.mark.parametrize("address", [ACCOUNTS[0], COUNTER, NOBODY])
@pytest.mark.parametrize("block", [0, 1])
def test_accounts_are_proven_at_every_block(engine: Engine, address: Address, block: int) -> None:
    number = BlockNumber(block)
    proof = engine.read_proof(address, (0, 1, 2**256 - 1), number, LIMITS)
    check_proof(engine.read_header(number).state_root, proof)
    if address == COUNTER:
        assert [slot.value for slot in proof.slots] == [41 + block, 0, 0]


def test_many_slots_come_in_the_order_they_were_asked_for(engine: Engine) -> None:
    request = SlotRequest(((COUNTER, (1, 0)), (NOBODY, (0,)), (COUNTER, ())))
    assert engine.read_slots(request, LIMITS) == ((0, 42), (0,), ())


def test_reads_of_many_slots_know_blocks_and_end_in_time(engine: Engine) -> None:
    with pytest.raises(UnknownBlock):
        engine.read_proof(COUNTER, (), BlockNumber(7), LIMITS)
    late = CallLimits(gas_max=1, deadline=0.0)
    with pytest.raises(CallTimedOut):
        engine.read_proof(COUNTER, (0,), None, late)
    with pytest.raises(CallTimedOut):
        engine.read_slots(SlotRequest(((COUNTER, (0,)),)), late)


# --- access lists -----------------------------------------------------------------------------------------------------


def test_a_list_has_the_slots_of_the_recipient_and_saves_gas(engine: Engine) -> None:
    request = CallRequest(ACCOUNTS[0], COUNTER)
    found = engine.create_access_list(request, LIMITS)
    assert found.access_list == ((COUNTER, (0,)),)
    assert found.error == ""
    with_list = CallRequest(ACCOUNTS[0], COUNTER, access_list=found.access_list)
    assert engine.call(with_list, LIMITS).gas_used == found.gas_used


def listed(engine: Engine, code: str, to: Address | None = CODED) -> tuple[tuple[Address, tuple[int, ...]], ...]:
    data = b"" if to is not None else bytes.fromhex(code)
    overrides = ((CODED, AccountOverride(code=bytes.fromhex(code))),)
    return engine.create_access_list(CallRequest(ACCOUNTS[0], to, data, overrides=overrides), LIMITS).access_list


def test_who_is_warm_anyway_is_not_listed(engine: Engine) -> None:
    sender, recipient = ACCOUNTS[0].hex(), CODED.hex()
    assert listed(engine, f"73{sender}31") == ()
    assert listed(engine, f"73{recipient}31") == ()
    assert listed(engine, "600231") == ()  # a precompile
    assert listed(engine, "3031", to=None) == ()  # the contract in the making
    assert listed(engine, f"73{NOBODY.hex()}31") == ((NOBODY, ()),)


def test_what_a_failed_call_touched_is_listed(engine: Engine) -> None:
    overrides = ((CODED, AccountOverride(code=bytes.fromhex("6007545f5ffd"))),)
    found = engine.create_access_list(CallRequest(ACCOUNTS[0], CODED, overrides=overrides), LIMITS)
    assert (found.access_list, found.error) == (((CODED, (7,)),), "execution reverted")
