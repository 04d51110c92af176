"""Journal and sealing against py-evm's own account database: any run of writes, reverts and blocks, the same roots."""

from pathlib import Path
from tempfile import TemporaryDirectory

from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from hypothesis import given, settings
from hypothesis import strategies as st
from vm_chain import RULE

from rollup.core.ids import ZERO_HASH, BlockNumber, Hash
from rollup.vm.database import Database
from rollup.vm.fork import BlockEnvironment, ChainState, make_state
from rollup.vm.sealing import SealedState, seal_changes
from rollup.vm.trie import EMPTY_ROOT

ADDRESSES = st.sampled_from([bytes([number]) * 20 for number in (1, 2, 3)])
OPERATIONS = st.one_of(
    st.tuples(st.just("balance"), ADDRESSES, st.integers(0, 3)),
    st.tuples(st.just("nonce"), ADDRESSES, st.integers(0, 3)),
    st.tuples(st.just("slot"), ADDRESSES, st.integers(0, 4), st.integers(0, 2)),
    st.tuples(st.just("code"), ADDRESSES, st.sampled_from([b"", b"\x00", b"\x5f" * 40])),
    st.tuples(st.just("delete"), ADDRESSES),
    st.just(("snapshot",)),
    st.just(("revert",)),
    st.just(("transaction",)),
    st.just(("block",)),
)
ENVIRONMENT = BlockEnvironment(RULE, BlockNumber(1), 0, 0, ZERO_HASH, lambda _: ZERO_HASH)


class Pair:
    """The same operations on ours and on py-evm's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.root = EMPTY_ROOT
        self.ours: ChainState = make_state(SealedState(database, EMPTY_ROOT), ENVIRONMENT)
        self.theirs = AccountDB(AtomicDB())
        self.snapshots: list[tuple[object, object]] = []

    def run(self, operation: tuple) -> None:
        getattr(self, "do_" + operation[0])(*operation[1:])

    def do_balance(self, address: bytes, value: int) -> None:
        self.ours.set_balance(address, value)
        self.theirs.set_balance(address, value)

    def do_nonce(self, address: bytes, value: int) -> None:
        self.ours.set_nonce(address, value)
        self.theirs.set_nonce(address, value)

    def do_code(self, address: bytes, code: bytes) -> None:
        self.ours.set_code(address, code)
        self.theirs.set_code(address, code)

    def do_slot(self, address: bytes, slot: int, value: int) -> None:
        """Only what has a nonce has storage: contracts do."""
        if self.ours.get_nonce(address):
            self.ours.set_storage(address, slot, value)
            self.theirs.set_storage(address, slot, value)
        assert self.ours.get_storage(address, slot) == self.theirs.get_storage(address, slot)

    def do_delete(self, address: bytes) -> None:
        """As selfdestruct does: at the end of a transaction."""
        self.do_transaction()
        self.ours.delete_account(address)
        self.theirs.delete_account(address)
        self.do_transaction()

    def do_snapshot(self) -> None:
        self.snapshots.append((self.ours.snapshot(), self.theirs.record()))

    def do_revert(self) -> None:
        if self.snapshots:
            ours, theirs = self.snapshots.pop()
            self.ours.revert(ours)
            self.theirs.discard(theirs)

    def do_transaction(self) -> None:
        """Empty accounts go at the end of a transaction; py-evm leaves that to its executor."""
        self.snapshots.clear()
        self.ours.end_transaction()
        for address in (bytes([number]) * 20 for number in (1, 2, 3)):
            if self.theirs.account_exists(address) and self.theirs.account_is_empty(address):
                self.theirs.delete_account(address)
        self.theirs.lock_changes()

    def do_block(self) -> None:
        self.do_transaction()
        self.root, storage_roots = seal_changes(self.database, self.root, self.ours.changes())
        self.ours.advance(SealedState(self.database, self.root), storage_roots)
        self.theirs.persist()
        assert self.root == self.theirs.state_root


@given(st.lists(OPERATIONS, max_size=40))
@settings(deadline=None)
def test_roots_are_those_of_py_evm(operations: list[tuple]) -> None:
    with TemporaryDirectory() as directory:
        database = Database(Path(directory))
        pair = Pair(database)
        for operation in [*operations, ("block",)]:
            pair.run(operation)
        fresh = SealedState(database, Hash(pair.theirs.state_root))
        for number in (1, 2, 3):
            account = fresh.read_account(bytes([number]) * 20)
            assert (account.balance if account else 0) == pair.theirs.get_balance(bytes([number]) * 20)
        database.close()
