"""What the specification refuses and py-evm lets through: refused before anything changes, each by its own error."""

from dataclasses import replace

import pytest
from vm_states import (
    BASE_FEE,
    CONTRACT,
    ETHER,
    GWEI,
    KEY,
    LIMITS,
    OTHER,
    OTHER_KEY,
    SENDER,
    STRANGER,
    authorize,
    deployer,
    run,
    state_with,
    store,
    transaction,
)

from rollup.core import errors
from rollup.core.ids import ZERO_ADDRESS
from rollup.vm.apply import TransactionLimits, apply_transaction
from rollup.vm.delegation import DELEGATION_PREFIX

REFUSED = [
    ("nonce below", {"nonce": 2}, errors.NonceTooLow),
    ("nonce above", {"nonce": 4}, errors.NonceTooHigh),
    ("nonce at its end (EIP-2681)", {"nonce": 2**64 - 1}, errors.NonceMax),
    ("another chain", {"chain_id": 78}, errors.WrongChain),
    ("tip above the cap", {"max_tip": 3 * GWEI}, errors.TipAboveFeeCap),
    ("fee cap below the base fee", {"max_fee": BASE_FEE - 1, "max_tip": 0}, errors.FeeTooLow),
    ("legacy price below the base fee", {"type": 0, "max_fee": 1, "max_tip": 1}, errors.FeeTooLow),
    ("value beyond the balance", {"value": 10 * ETHER}, errors.InsufficientFunds),
    ("gas at the cap beyond the balance", {"max_fee": ETHER}, errors.InsufficientFunds),
    ("gas below the transfer's", {"gas": 20_999}, errors.IntrinsicGasTooLow),
    ("gas below the floor of data (EIP-7623)", {"gas": 30_000, "data": b"\x01" * 400}, errors.FloorDataGasTooLow),
    ("init code words unpaid (EIP-3860)", {"to": None, "data": bytes(32), "gas": 53_129}, errors.IntrinsicGasTooLow),
    ("init code too large", {"to": None, "data": bytes(49_153), "gas": 10**7}, errors.InitCodeTooLarge),
    ("gas beyond a transaction's cap (EIP-7825)", {"gas": 16_777_217}, errors.TransactionGasCapExceeded),
    ("blobs", {"type": 3}, errors.UnsupportedTransactionType),
    ("a deposit", {"type": 0x7E}, errors.UnsupportedTransactionType),
    ("no authorization (EIP-7702)", {"type": 4}, errors.EmptyAuthorizationList),
    ("a creation that delegates", {"type": 4, "to": None}, errors.MissingRecipient),
]


def funded():
    state = state_with()
    state.set_nonce(SENDER, 3)
    state.end_transaction()
    return state


@pytest.mark.parametrize(("changes", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_transactions_change_nothing(changes, error) -> None:
    state = funded()
    before = state.changes()
    with pytest.raises(error):
        apply_transaction(state, transaction(**{"nonce": 3, **changes}), SENDER, limits=LIMITS)
    assert state.changes() == before


def test_a_creation_delegating_is_refused_even_with_authorizations() -> None:
    with pytest.raises(errors.MissingRecipient):
        run(state_with(), type=4, to=None, authorizations=(authorize(OTHER_KEY, CONTRACT, 0),))


def test_gas_beyond_what_the_block_has_left_is_refused() -> None:
    with pytest.raises(errors.GasLimitTooHigh):
        apply_transaction(state_with(), transaction(gas=50_000), SENDER, limits=TransactionLimits(gas_left=49_999))


def test_a_sender_with_code_is_refused() -> None:
    """EIP-3607."""
    state = state_with()
    state.set_code(SENDER, b"\x00")
    with pytest.raises(errors.SenderNotEoa):
        run(state)


def test_a_sender_with_a_delegation_is_not() -> None:
    """EIP-7702 lets designators pass EIP-3607."""
    state = state_with(store(1, 2))
    state.set_code(SENDER, DELEGATION_PREFIX + CONTRACT)
    assert run(state).status == 1


def test_the_funds_check_counts_value_on_legacy_transactions() -> None:
    state = state_with()
    gas, price = 21_000, 2 * GWEI
    exact = 10 * ETHER - gas * price
    with pytest.raises(errors.InsufficientFunds):
        run(state, type=0, gas=gas, max_fee=price, max_tip=price, value=exact + 1)
    assert run(state, type=0, gas=gas, max_fee=price, max_tip=price, value=exact).status == 1
    assert state.get_balance(SENDER) == 0


def test_creation_onto_an_account_with_storage_fails() -> None:
    """EIP-7610: such accounts come from before EIP-161."""
    state = state_with()
    created = run(state_with(), to=None, value=0, data=deployer(b"\x00")).contract_address
    state.touch_account(created)
    state.set_storage(created, 5, 1)
    outcome = run(state, to=None, value=0, data=deployer(b"\x00"), gas=200_000)
    assert (outcome.status, outcome.gas_used) == (0, 200_000)
    assert state.get_code(created) == b""
    assert state.get_nonce(SENDER) == 1


def test_a_contract_creating_onto_storage_gets_zero() -> None:
    create_and_store = b"\x5f\x5f\x5f\xf0\x60\x01\x55"  # slot 1 holds what CREATE with empty init code answers
    free, taken = state_with(create_and_store), state_with(create_and_store)
    assert run(free, to=CONTRACT, value=0).status == 1
    created = free.get_storage(CONTRACT, 1).to_bytes(20, "big")
    assert created != ZERO_ADDRESS
    taken.touch_account(created)
    taken.set_storage(created, 5, 1)
    assert run(taken, to=CONTRACT, value=0, gas=10_000_000).status == 1
    assert (taken.get_storage(CONTRACT, 1), taken.get_nonce(CONTRACT)) == (0, 2)


def test_a_delegation_is_set_used_and_cleared() -> None:
    """EIP-7702 over three transactions, the last one sent by the delegated account itself."""
    state = state_with(store(1, 2))
    first = run(state, type=4, to=OTHER, value=0, authorizations=(authorize(OTHER_KEY, CONTRACT, 0),))
    assert state.get_code(OTHER) == DELEGATION_PREFIX + CONTRACT
    assert (first.status, state.get_storage(OTHER, 1), state.get_nonce(OTHER)) == (1, 2, 1)
    assert run(state, sender=OTHER, to=OTHER, value=0).status == 1
    run(state, type=4, to=STRANGER, authorizations=(authorize(OTHER_KEY, ZERO_ADDRESS, 2),))
    assert state.get_code(OTHER) == b""


@pytest.mark.parametrize(
    "broken",
    [
        authorize(OTHER_KEY, CONTRACT, 1),
        authorize(OTHER_KEY, CONTRACT, 2**64 - 1),
        authorize(OTHER_KEY, CONTRACT, 0, chain_id=5),
        replace(authorize(OTHER_KEY, CONTRACT, 0), r=0),
        replace(authorize(OTHER_KEY, CONTRACT, 0), y_parity=2),
        replace(authorize(OTHER_KEY, CONTRACT, 0), s=2**256 - 1),
    ],
)
def test_an_authorization_that_does_not_hold_is_passed_over(broken) -> None:
    state = state_with()
    outcome = run(state, type=4, authorizations=(broken, authorize(KEY, CONTRACT, 1)))
    assert outcome.status == 1
    assert state.get_code(OTHER) == b""
    assert state.get_code(SENDER) == DELEGATION_PREFIX + CONTRACT
    assert state.get_nonce(SENDER) == 2


def test_authorizations_of_existing_accounts_are_refunded_in_part() -> None:
    state = state_with()
    known = run(state, type=4, gas=200_000, authorizations=(authorize(OTHER_KEY, CONTRACT, 0),))
    assert known.gas_used == 21_000 + 25_000 - (21_000 + 25_000) // 5
    unknown = run(state, type=4, gas=200_000, authorizations=(authorize(b"\x07" * 32, CONTRACT, 0),))
    assert unknown.gas_used == 21_000 + 25_000


def test_a_delegated_account_that_creates_pays_for_init_code_once() -> None:
    """py-evm takes the frame of a sender calling itself for the top of the transaction."""
    create = b"\x5f" + b"\x60\x20\x5f\x5f\xf0" + b"\x00"
    plain, delegated = state_with(create), state_with(create)
    delegated.set_code(SENDER, DELEGATION_PREFIX + CONTRACT)
    used = run(plain, to=CONTRACT, value=0).gas_used
    assert run(delegated, to=SENDER, value=0).gas_used == used
