"""The undo log against copies: whatever is done after a snapshot, a revert brings back what was there."""

from copy import deepcopy

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollup.core.ids import EMPTY_CODE_HASH
from rollup.vm.accounts import SLOTS_CACHED_MAX, Account, BlankSource, JournaledAccounts

ADDRESSES = st.sampled_from([bytes([number]) * 20 for number in range(3)])
SLOTS = st.integers(0, 3)


def observed(accounts: JournaledAccounts):
    """All that can be read, without help from the caches' own shapes."""
    addresses = [bytes([number]) * 20 for number in range(3)]
    return [
        (
            accounts.read_account(address) or None,
            accounts.get_code(address),
            [accounts.get_storage(address, slot) for slot in range(4)],
            [accounts.get_storage(address, slot, from_journal=False) for slot in range(4)],
            [accounts.get_transient_storage(address, slot) for slot in range(4)],
            [accounts.is_storage_warm(address, slot) for slot in range(4)],
            accounts.is_address_warm(address),
            accounts.has_code_or_nonce(address),
        )
        for address in addresses
    ]


class UndoLog(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.accounts = JournaledAccounts(BlankSource())
        self.snapshots: list[tuple[object, object]] = []

    @rule(address=ADDRESSES, amount=st.integers(0, 9))
    def pay(self, address, amount) -> None:
        self.accounts.delta_balance(address, amount)

    @rule(address=ADDRESSES)
    def count(self, address) -> None:
        self.accounts.increment_nonce(address)

    @rule(address=ADDRESSES, code=st.binary(max_size=2))
    def deploy(self, address, code) -> None:
        self.accounts.set_code(address, code)

    @rule(address=ADDRESSES, slot=SLOTS, value=st.integers(0, 2))
    def store(self, address, slot, value) -> None:
        self.accounts.set_storage(address, slot, value)

    @rule(address=ADDRESSES, slot=SLOTS, value=st.integers(0, 2))
    def store_transient(self, address, slot, value) -> None:
        self.accounts.set_transient_storage(address, slot, value.to_bytes(1, "big"))

    @rule(address=ADDRESSES, slot=SLOTS)
    def warm(self, address, slot) -> None:
        self.accounts.mark_address_warm(address)
        self.accounts.mark_storage_warm(address, slot)

    @rule(address=ADDRESSES)
    def delete(self, address) -> None:
        self.accounts.delete_account(address)

    @rule()
    def snapshot(self) -> None:
        self.snapshots.append((self.accounts.snapshot(), deepcopy(self.visible())))

    @precondition(lambda self: self.snapshots)
    @rule(back=st.integers(0, 3))
    def revert(self, back) -> None:
        index = max(len(self.snapshots) - 1 - back, 0)
        mark, expected = self.snapshots[index]
        del self.snapshots[index:]
        self.accounts.revert(mark)
        assert self.visible() == expected

    @rule()
    def end(self) -> None:
        self.accounts.end_transaction()
        self.snapshots.clear()

    def visible(self):
        """Without original values: a write after the snapshot notes them, and they stay right."""
        return [row[:3] + row[4:] for row in observed(self.accounts)]

    @invariant()
    def changes_are_the_values_now(self) -> None:
        changes = self.accounts.changes()
        for address, account in changes.accounts.items():
            assert account == self.accounts.read_account(address)
        for address, slots in changes.slots.items():
            assert changes.accounts[address] is not None
            assert all(value == self.accounts.get_storage(address, slot) for slot, value in slots.items())


TestUndoLog = UndoLog.TestCase
TestUndoLog.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)

ALICE = b"\xaa" * 20


def test_empty_accounts_go_at_the_end_of_the_transaction_that_touched_them() -> None:
    accounts = JournaledAccounts(BlankSource())
    accounts.touch_account(ALICE)
    assert accounts.account_exists(ALICE)
    accounts.end_transaction()
    assert not accounts.account_exists(ALICE)


def test_original_values_are_those_before_the_transaction() -> None:
    accounts = JournaledAccounts(BlankSource())
    accounts.set_storage(ALICE, 1, 5)
    assert accounts.get_storage(ALICE, 1, from_journal=False) == 0
    accounts.end_transaction()
    accounts.set_storage(ALICE, 1, 6)
    assert accounts.get_storage(ALICE, 1, from_journal=False) == 5


def test_what_is_thrown_away_is_no_change() -> None:
    accounts = JournaledAccounts(BlankSource())
    accounts.set_balance(ALICE, 1)
    accounts.end_transaction()
    with accounts.throw_away():
        accounts.set_balance(ALICE, 2)
        accounts.set_storage(ALICE, 1, 1)
        accounts.set_code(ALICE, b"\x01")
    changes = accounts.changes()
    assert changes.accounts[ALICE] == Account(0, 1, changes.accounts[ALICE].storage_root, EMPTY_CODE_HASH)
    assert (changes.slots, changes.codes) == ({}, {})


def test_code_that_is_thrown_away_is_not_remembered_and_code_of_the_block_is() -> None:
    accounts = JournaledAccounts(BlankSource())
    accounts.set_code(bytes(20), b"\x01")
    accounts.end_transaction()
    with accounts.throw_away():
        accounts.set_code(b"\x01" * 20, b"\x02" * 1_000_000)
        accounts.set_code(b"\x02" * 20, b"\x01")
    assert list(accounts._codes.values()) == [b"\x01"]
    assert accounts.get_code(bytes(20)) == b"\x01"


def test_a_state_that_read_too_much_says_so() -> None:
    accounts = JournaledAccounts(BlankSource())
    for slot in range(SLOTS_CACHED_MAX):
        accounts.get_storage(bytes(20), slot)
    assert not accounts.is_heavy
    accounts.get_storage(bytes(20), SLOTS_CACHED_MAX)
    assert accounts.is_heavy
