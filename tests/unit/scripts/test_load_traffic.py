"""What the load generator sends is what it says: valid, from the sender in turn, the same in every run."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rollup.core.hashes import keccak
from rollup.core.transaction import decode_transaction, recover_sender

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "traffic.py"
TOKEN, COUNTER = keccak(b"token")[12:], keccak(b"counter")[12:]


@pytest.fixture(scope="module")
def traffic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("load_traffic", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def make(traffic: ModuleType, fresh: float = 0.5):  # type: ignore[no-untyped-def]
    senders = [traffic.Sender(keccak(b"key %d" % index), 7, nonce=index) for index in range(3)]
    return traffic.Traffic(senders, TOKEN, COUNTER, fresh)


@pytest.mark.parametrize("kind", ["transfers", "erc20", "mix"])
def test_transactions_come_from_the_senders_in_turn(traffic: ModuleType, kind: str) -> None:
    made = make(traffic)
    addresses = [sender.address for sender in made.senders]
    read = [decode_transaction(raw) for raw in made.sign(kind, 9)]
    assert [recover_sender(transaction) for transaction in read] == addresses * 3
    assert [transaction.nonce for transaction in read] == [0, 1, 2, 1, 2, 3, 2, 3, 4]
    assert make(traffic).sign(kind, 9) == [transaction.raw for transaction in read]


def test_the_mix_holds_all_kinds(traffic: ModuleType) -> None:
    read = [decode_transaction(raw) for raw in make(traffic).sign("mix", 300)]
    tokens = sum(transaction.to == TOKEN for transaction in read)
    calls = sum(transaction.to == COUNTER for transaction in read)
    assert 150 < tokens < 210
    assert 10 < calls < 50


def test_without_new_recipients_all_are_regulars(traffic: ModuleType) -> None:
    known = {keccak(b"regular %d" % index)[12:] for index in range(traffic.REGULARS)}
    assert {decode_transaction(raw).to for raw in make(traffic, fresh=0.0).sign("transfers", 100)} <= known
    assert not {decode_transaction(raw).to for raw in make(traffic, fresh=1.0).sign("transfers", 100)} & known


def test_the_fee_follows_the_node(traffic: ModuleType) -> None:
    made = make(traffic)
    made.follow_price(5)
    assert decode_transaction(made.sign("transfers", 1)[0]).max_fee == 5 * traffic.FEE_ROOM
