"""Whole transactions against py-evm's own Prague executor: the same logs, and the same accounts to the last wei."""

import warnings

from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.state import PragueState
from eth.vm.forks.prague.transactions import Authorization as EthAuthorization
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth_keys import keys
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_vm_computation import ANCESTORS, ENVIRONMENT, MAIN, OTHER, PROGRAMS, RULE
from vm_states import KEY, LIMITS, OTHER_KEY, authorize

from rollup.core.errors import IntrinsicGasTooLow
from rollup.core.hashes import address_of
from rollup.core.transaction import decode_transaction, recover_sender
from rollup.vm.accounts import BlankSource
from rollup.vm.apply import apply_transaction
from rollup.vm.fork import make_state

SENDER, SECOND = address_of(KEY), address_of(OTHER_KEY)
WATCHED = (SENDER, SECOND, MAIN, OTHER, RULE.coinbase)
IDENTITY = bytes(19) + b"\x04"


def fill(state, codes: dict[bytes, bytes]) -> None:
    for address in (SENDER, SECOND):
        state.set_balance(address, 10**20)
    for address, code in codes.items():
        state.set_balance(address, 10**18)
        state.set_nonce(address, 1)
        state.set_code(address, code)
        state.set_storage(address, 0, 9)
        state.set_storage(address, 1, 1)


def seen(state, addresses):
    return [
        (
            state.account_exists(address),
            state.get_balance(address),
            state.get_nonce(address),
            state.get_code(address),
            [state.get_storage(address, slot) for slot in range(4)],
        )
        for address in addresses
    ]


def sign(fields, authorizations):
    common = {"chain_id": 77, "nonce": 0, "max_priority_fee_per_gas": 10**8, "max_fee_per_gas": 2 * 10**9, **fields}
    if authorizations:
        rows = [EthAuthorization(a.chain_id, a.address, a.nonce, a.y_parity, a.r, a.s) for a in authorizations]
        unsigned = PragueTransactionBuilder.new_unsigned_set_code_transaction(**common, authorization_list=rows)
    else:
        unsigned = PragueTransactionBuilder.new_unsigned_dynamic_fee_transaction(**common)
    return unsigned.as_signed_transaction(keys.PrivateKey(KEY))


def ours(transaction, codes):
    state = make_state(BlankSource(), ENVIRONMENT)
    fill(state, codes)
    state.end_transaction()
    decoded = decode_transaction(transaction.encode())
    assert recover_sender(decoded) == SENDER
    outcome = apply_transaction(state, decoded, SENDER, limits=LIMITS)
    created = [outcome.contract_address] if outcome.contract_address else []
    logs = [(log.address, tuple(log.topics), log.data) for log in outcome.logs]
    return created, (outcome.status == 1, logs, seen(state, [*WATCHED, *created]))


def theirs(transaction, codes, created):
    context = ExecutionContext(
        RULE.coinbase, 1_700_000_000, 1000, 0, b"\x07" * 32, RULE.gas_limit, ANCESTORS, 77, 10**9, 0
    )
    state = PragueState(AtomicDB(), context, BLANK_ROOT_HASH)
    fill(state, codes)
    state.lock_changes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        done = state.apply_transaction(transaction)
    logs = [(a, tuple(t.to_bytes(32, "big") for t in topics), d) for a, topics, d in done.get_log_entries()]
    return done.is_success, logs, seen(state, [*WATCHED, *created])


FIELDS = st.fixed_dictionaries(
    {
        "gas": st.sampled_from([60_000, 120_000, 400_000]),
        "to": st.sampled_from([b"", MAIN, SECOND, SENDER]),
        "value": st.sampled_from([0, 1, 10**17]),
        "data": st.one_of(st.binary(max_size=40), PROGRAMS),
        "access_list": st.sampled_from([[], [(MAIN, (0, 2)), (OTHER, ())]]),
    }
)
AUTHORIZED = st.tuples(
    st.sampled_from([KEY, OTHER_KEY]), st.sampled_from([MAIN, OTHER, bytes(20), IDENTITY]), st.integers(0, 2)
)


@settings(max_examples=120, deadline=None)
@given(main=PROGRAMS, other=PROGRAMS, fields=FIELDS, authorized=st.lists(AUTHORIZED, max_size=3))
def test_transactions_end_as_in_py_evm(main, other, fields, authorized) -> None:
    authorizations = [authorize(*each) for each in authorized] if fields["to"] else []
    transaction = sign({**fields, "gas": fields["gas"] + 25_000 * len(authorizations)}, authorizations)
    codes = {MAIN: main, OTHER: other}
    try:
        created, outcome = ours(transaction, codes)
    except IntrinsicGasTooLow:
        assume(False)
    assert outcome == theirs(transaction, codes, created)
