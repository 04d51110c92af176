"""Between plain accounts and tries: reading a sealed state, and turning a block's changes into the next root."""

from collections.abc import Mapping
from typing import Protocol

from rollup.core.ids import Hash
from rollup.vm.accounts import EMPTY_ACCOUNT, Account, StateChanges
from rollup.vm.encoding import encode_list, encode_string, encode_uint, read_number, read_string, split_list
from rollup.vm.trie import Trie, hashed_nibbles


class StateStore(Protocol):
    """Tries and code. What is written is durable as its implementation says."""

    trie: Trie

    def read_code(self, code_hash: bytes) -> bytes: ...

    def write_code(self, code_hash: bytes, code: bytes) -> None: ...


class SealedState:
    """The state under one root, for reading. Roots of any age work: nothing is pruned."""

    def __init__(self, database: StateStore, root: Hash) -> None:
        self._database = database
        self._root = root

    def read_account(self, address: bytes) -> Account | None:
        """None where the state has no such account."""
        encoded = self._database.trie.read(self._root, hashed_nibbles(address))
        return decode_account(encoded) if encoded else None

    def read_slot(self, storage_root: Hash, slot: int) -> int:
        """0 where nothing was stored."""
        encoded = self._database.trie.read(storage_root, hashed_nibbles(slot.to_bytes(32, "big")))
        return read_number(encoded) if encoded else 0

    def read_code(self, code_hash: Hash) -> bytes:
        """Raises StoreCorrupted when the database does not hold it."""
        return self._database.read_code(code_hash)


def encode_account(account: Account) -> bytes:
    """RLP of an account as the trie holds it (Yellow Paper, section 4.1)."""
    return encode_list(
        (
            encode_uint(account.nonce),
            encode_uint(account.balance),
            encode_string(account.storage_root),
            encode_string(account.code_hash),
        )
    )


def decode_account(encoded: bytes) -> Account:
    """Inverse of encode_account."""
    nonce, balance, root, code_hash = split_list(encoded)
    return Account(read_number(nonce), read_number(balance), Hash(read_string(root)), Hash(read_string(code_hash)))


def seal_changes(
    database: StateStore, root: Hash, changes: StateChanges, *, keep_empty: bool = False
) -> tuple[Hash, dict[bytes, Hash]]:
    """The state root after the changes, and the storage roots that moved. New nodes and code are pending writes.

    Accounts that ended empty are left out (EIP-161); with ``keep_empty`` (before it) they stay.
    """
    storage_roots: dict[bytes, Hash] = {}
    rows: dict[bytes, bytes] = {}
    for address, account in changes.accounts.items():
        sealed = account or EMPTY_ACCOUNT
        slots = changes.slots.get(address)
        if account is not None and slots:
            storage_root = _seal_slots(database, account.storage_root, slots)
            if storage_root != account.storage_root:
                storage_roots[address] = storage_root
                sealed = account._replace(storage_root=storage_root)
        is_gone = account is None or (sealed == EMPTY_ACCOUNT and not keep_empty)
        rows[hashed_nibbles(address)] = b"" if is_gone else encode_account(sealed)
    for code_hash, code in changes.codes.items():
        database.write_code(code_hash, code)
    return database.trie.update(root, rows), storage_roots


def _seal_slots(database: StateStore, root: Hash, slots: Mapping[int, int]) -> Hash:
    rows = {}
    for slot, value in slots.items():
        rows[hashed_nibbles(slot.to_bytes(32, "big"))] = encode_uint(value) if value else b""
    return database.trie.update(root, rows)
