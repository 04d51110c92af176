"""Accounts, storage and access lists of a state while transactions run, with one undo log.

Everything that a revert must take back lives in dictionaries, and every write first notes ``(dictionary, key, old
value)``. A snapshot is the length of that log: taking one costs nothing, reverting costs the writes since. (py-evm
keeps one journal per contract touched in the block and visits all of them at each call, which a transaction can make
arbitrarily slow.)

Values read from the source stay cached, also across blocks (``advance``). This module knows no tries and no roots: it
says what changed, and whoever seals the block turns that into roots.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from eth.typing import JournalDBCheckpoint
from eth_typing import Hash32

from rollup.core.errors import StoreCorrupted
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH, Hash

BLANK_ROOT: Final = Hash(bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"))


class Account(NamedTuple):
    """Wei. ``storage_root`` is that of the last sealed root; later writes are in the journal."""

    nonce: int
    balance: int
    storage_root: Hash
    code_hash: Hash


class StateSource(Protocol):
    """A sealed state, for reading: accounts as of one state root, storage by its root, code by its hash.

    Raises StoreCorrupted when something that a root names is missing.
    """

    def read_account(self, address: bytes) -> Account | None: ...

    def read_slot(self, storage_root: Hash, slot: int) -> int: ...

    def read_code(self, code_hash: Hash) -> bytes: ...


class BlankSource:
    """The state before genesis: nothing exists."""

    def read_account(self, address: bytes) -> Account | None:  # noqa: ARG002
        """No account."""
        return None

    def read_slot(self, storage_root: Hash, slot: int) -> int:  # noqa: ARG002
        """No storage."""
        return 0

    def read_code(self, code_hash: Hash) -> bytes:
        """No code. Raises StoreCorrupted always: nothing can name any."""
        raise StoreCorrupted(f"no code {code_hash.hex()} in the blank state")


@dataclass(frozen=True, slots=True)
class StateChanges:
    """What the transactions since the last ``advance`` did; a value may equal the sealed one (written and reverted).

    ``accounts`` maps to None what is gone; its ``storage_root`` is the one to start from, before ``slots`` (0: delete)
    are applied. ``codes`` holds new code by hash.
    """

    accounts: Mapping[bytes, Account | None]
    slots: Mapping[bytes, Mapping[int, int]]
    codes: Mapping[bytes, bytes]


EMPTY_ACCOUNT: Final = Account(0, 0, BLANK_ROOT, EMPTY_CODE_HASH)
ACCOUNTS_CACHED_MAX = 100_000
SLOTS_CACHED_MAX = 200_000
CODES_CACHED_MAX = 500
_MISSING: Final = object()


class JournaledAccounts:
    """The account half of a state. Addresses are 20 bytes, slots and values are 256-bit integers."""

    def __init__(self, source: StateSource) -> None:
        self.source = source
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._accounts: dict[bytes, Account | None] = {}
        self._storage: dict[bytes, dict[int, int]] = {}
        self._codes: dict[bytes, bytes] = {}
        self._warm: dict[Any, bool] = {}
        self._transient: dict[tuple[bytes, int], bytes] = {}
        self._original: dict[tuple[bytes, int], int] = {}
        self._dirty_accounts: dict[bytes, None] = {}
        self._dirty_slots: dict[bytes, set[int]] = {}
        self._new_codes: dict[bytes, bytes] = {}
        self._slots_read = 0

    # --- journal ---

    def _write(self, target: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((target, key, target.get(key, _MISSING)))
        target[key] = value

    def snapshot(self) -> tuple[Hash32, JournalDBCheckpoint]:
        """A point to which ``revert`` can go back (the root is py-evm's shape and means nothing here)."""
        return Hash32(b""), JournalDBCheckpoint(len(self._undo))

    def commit(self, snapshot: tuple[Hash32, JournalDBCheckpoint]) -> None:
        """Nothing to do: only the end of the transaction forgets how to go back."""

    def revert(self, snapshot: tuple[Hash32, JournalDBCheckpoint]) -> None:
        """Take back every write since the snapshot."""
        undo = self._undo
        while len(undo) > snapshot[1]:
            target, key, old = undo.pop()
            if old is _MISSING:
                del target[key]
            else:
                target[key] = old

    def end_transaction(self) -> None:
        """What a transaction did stands, and empty accounts that it touched go (EIP-161)."""
        touched = [key for target, key, _ in self._undo if target is self._accounts]
        for address in touched:
            if self._accounts[address] is not None and self.account_is_empty(address):
                self._accounts[address] = None
                self._storage[address] = {}
        self.end_without_clearing()

    def end_without_clearing(self) -> None:
        """What a transaction did stands, empty accounts among it."""
        self._undo.clear()
        self.forget_accesses()

    def forget_accesses(self) -> None:
        """Access lists, transient storage and original values start anew."""
        self._warm.clear()
        self._transient.clear()
        self._original.clear()

    @contextmanager
    def throw_away(self) -> Iterator[None]:
        """Whatever is written inside is taken back, and does not count as a change. Between transactions only."""
        kept = self._dirty_accounts, self._dirty_slots, self._new_codes
        self._dirty_accounts, self._dirty_slots, self._new_codes = {}, {}, {}
        start = self.snapshot()
        try:
            yield
        finally:
            self.revert(start)
            self.forget_accesses()
            for code_hash in self._new_codes.keys() - kept[2].keys():
                self._codes.pop(code_hash, None)
            self._dirty_accounts, self._dirty_slots, self._new_codes = kept

    # --- blocks ---

    def changes(self) -> StateChanges:
        """Everything written since the last ``advance``. Between transactions only."""
        slots = {}
        for address, dirty in self._dirty_slots.items():
            account, values = self._accounts.get(address), self._storage.get(address, {})
            if account is not None:
                slots[address] = {slot: values.get(slot, 0) for slot in dirty}
        return StateChanges({each: self._accounts[each] for each in self._dirty_accounts}, slots, self._new_codes)

    def advance(self, source: StateSource, storage_roots: Mapping[bytes, Hash]) -> None:
        """The block was sealed: ``source`` reads the new root, ``storage_roots`` are those that changed.

        What was read stays cached up to a bound, so that the next block finds its hot accounts without a trie."""
        self.source = source
        for address, root in storage_roots.items():
            account = self._accounts[address]
            if account is not None:
                self._accounts[address] = account._replace(storage_root=root)
        self._dirty_accounts, self._dirty_slots, self._new_codes = {}, {}, {}
        self._undo.clear()
        if len(self._accounts) > ACCOUNTS_CACHED_MAX:
            self._accounts.clear()
            self._storage.clear()
        if sum(map(len, self._storage.values())) > SLOTS_CACHED_MAX:
            self._storage.clear()
        if len(self._codes) > CODES_CACHED_MAX:
            self._codes.clear()

    @property
    def is_heavy(self) -> bool:
        """So much was read that a state which never advances should be built anew rather than kept."""
        return (
            len(self._accounts) > ACCOUNTS_CACHED_MAX
            or self._slots_read > SLOTS_CACHED_MAX
            or len(self._codes) > CODES_CACHED_MAX
        )

    # --- accounts ---

    def read_account(self, address: bytes) -> Account | None:
        """None where no account exists."""
        try:
            return self._accounts[address]
        except KeyError:
            account = self._accounts[address] = self.source.read_account(address)
            return account

    def write_account(self, address: bytes, account: Account | None) -> None:
        self._dirty_accounts[address] = None
        self._undo.append((self._accounts, address, self._accounts.get(address, _MISSING)))
        self._accounts[address] = account

    def get_balance(self, address: bytes) -> int:
        account = self.read_account(address)
        return account.balance if account else 0

    def set_balance(self, address: bytes, balance: int) -> None:
        account = self.read_account(address) or EMPTY_ACCOUNT
        self.write_account(address, Account(account.nonce, balance, account.storage_root, account.code_hash))

    def delta_balance(self, address: bytes, delta: int) -> None:
        """Adding 0 still touches the account (EIP-161)."""
        account = self.read_account(address) or EMPTY_ACCOUNT
        balance = account.balance + delta
        self.write_account(address, Account(account.nonce, balance, account.storage_root, account.code_hash))

    def get_nonce(self, address: bytes) -> int:
        account = self.read_account(address)
        return account.nonce if account else 0

    def set_nonce(self, address: bytes, nonce: int) -> None:
        account = self.read_account(address) or EMPTY_ACCOUNT
        self.write_account(address, Account(nonce, account.balance, account.storage_root, account.code_hash))

    def increment_nonce(self, address: bytes) -> None:
        self.set_nonce(address, self.get_nonce(address) + 1)

    def touch_account(self, address: bytes) -> None:
        """Make an empty account of none; EIP-161 takes it away at the end of the transaction."""
        if self.account_is_empty(address):
            self.write_account(address, self.read_account(address) or EMPTY_ACCOUNT)

    def account_exists(self, address: bytes) -> bool:
        return self.read_account(address) is not None

    def account_is_empty(self, address: bytes) -> bool:
        account = self.read_account(address)
        return account is None or (account.nonce == 0 and account.balance == 0 and account.code_hash == EMPTY_CODE_HASH)

    def has_code_or_nonce(self, address: bytes) -> bool:
        """Is the address taken, so that nothing can be created there? Storage alone takes it, too (EIP-7610)."""
        account = self.read_account(address)
        if account is None:
            return False
        taken = account.nonce != 0 or account.code_hash != EMPTY_CODE_HASH or account.storage_root != BLANK_ROOT
        return taken or any(self._storage.get(address, {}).values())

    def delete_account(self, address: bytes) -> None:
        """The account and all of its storage are gone."""
        self.write_account(address, None)
        self._write(self._storage, address, {})

    # --- code ---

    def get_code_hash(self, address: bytes) -> Hash32:
        account = self.read_account(address)
        return Hash32(account.code_hash if account else EMPTY_CODE_HASH)

    def get_code(self, address: bytes) -> bytes:
        account = self.read_account(address)
        if account is None or account.code_hash == EMPTY_CODE_HASH:
            return b""
        code = self._codes.get(account.code_hash)
        if code is None:
            code = self._codes[account.code_hash] = self.source.read_code(account.code_hash)
        return code

    def set_code(self, address: bytes, code: bytes) -> None:
        code_hash = keccak(code)
        self._codes[code_hash] = self._new_codes[code_hash] = code
        account = self.read_account(address) or EMPTY_ACCOUNT
        self.write_account(address, Account(account.nonce, account.balance, account.storage_root, code_hash))

    def delete_code(self, address: bytes) -> None:
        account = self.read_account(address) or EMPTY_ACCOUNT
        self.write_account(address, Account(account.nonce, account.balance, account.storage_root, EMPTY_CODE_HASH))

    # --- storage ---

    def get_storage(self, address: bytes, slot: int, from_journal: bool = True) -> int:
        """``from_journal`` False asks for the value before the transaction (EIP-2200's original value)."""
        if not from_journal:
            original = self._original.get((address, slot))
            if original is not None:
                return original
        try:
            return self._storage[address][slot]
        except KeyError:
            return self._load_slot(address, slot)

    def _load_slot(self, address: bytes, slot: int) -> int:
        account = self.read_account(address)
        value = self.source.read_slot(account.storage_root, slot) if account else 0
        self._storage.setdefault(address, {})[slot] = value
        self._slots_read += 1
        return value

    def set_storage(self, address: bytes, slot: int, value: int) -> None:
        old = self.get_storage(address, slot)
        self._original.setdefault((address, slot), old)
        self._dirty_slots.setdefault(address, set()).add(slot)
        self._dirty_accounts[address] = None
        slots = self._storage[address]
        self._undo.append((slots, slot, old))
        slots[slot] = value

    def delete_storage(self, address: bytes) -> None:
        """Nothing: an address with storage is never created on (EIP-7610), so there is nothing to wipe."""

    def replace_storage(self, address: bytes, slots: Iterable[tuple[int, int]]) -> None:
        """All storage of an account becomes ``slots`` (a state override; never part of a block)."""
        account = self.read_account(address) or EMPTY_ACCOUNT
        self.write_account(address, Account(account.nonce, account.balance, BLANK_ROOT, account.code_hash))
        self._write(self._storage, address, dict(slots))

    # --- access lists and transient storage ---

    def is_address_warm(self, address: bytes) -> bool:
        return address in self._warm

    def mark_address_warm(self, address: bytes) -> None:
        if address not in self._warm:
            self._write(self._warm, address, value=True)

    def is_storage_warm(self, address: bytes, slot: int) -> bool:
        return (address, slot) in self._warm

    def mark_storage_warm(self, address: bytes, slot: int) -> None:
        if (address, slot) not in self._warm:
            self._write(self._warm, (address, slot), value=True)

    def get_transient_storage(self, address: bytes, slot: int) -> bytes:
        return self._transient.get((address, slot), b"")

    def set_transient_storage(self, address: bytes, slot: int, value: bytes) -> None:
        self._write(self._transient, (address, slot), value)
