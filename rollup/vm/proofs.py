"""Merkle proofs of accounts and slots, and reads of many slots at once. Both stop at a deadline."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from rollup.core.block import BlockHeader
from rollup.core.errors import CallTimedOut
from rollup.core.execution import AccountProof, AccountState, SlotProof
from rollup.core.ids import Address, Hash
from rollup.core.tracing import StorageRange, StorageRangeRequest
from rollup.vm.accounts import EMPTY_ACCOUNT
from rollup.vm.calls import CallLimits
from rollup.vm.database import Database
from rollup.vm.encoding import read_number
from rollup.vm.sealing import SealedState
from rollup.vm.trie import hashed_nibbles, nibbles_of

SLOTS_PER_RANGE_MAX = 4_096

Item = TypeVar("Item")
Found = TypeVar("Found")


def prove_account(
    database: Database, header: BlockHeader, address: Address, slots: tuple[int, ...], limits: CallLimits
) -> AccountProof:
    """The account after a block, and slots of its storage (EIP-1186). Raises CallTimedOut."""
    state = SealedState(database, header.state_root)
    account = state.read_account(address) or EMPTY_ACCOUNT
    root = account.storage_root

    def prove_slot(slot: int) -> SlotProof:
        nodes = database.trie.prove(root, hashed_nibbles(slot.to_bytes(32, "big")))
        return SlotProof(slot, state.read_slot(root, slot), nodes)

    return AccountProof(
        account=AccountState(address, account.nonce, account.balance, account.code_hash, root),
        nodes=database.trie.prove(header.state_root, hashed_nibbles(address)),
        slots=tuple(_within(slots, prove_slot, limits)),
    )


def read_slots(
    database: Database,
    header: BlockHeader,
    wanted: tuple[tuple[Address, tuple[int, ...]], ...],
    limits: CallLimits,
) -> tuple[tuple[int, ...], ...]:
    """Values of slots after a block, in the order in which they were asked for. Raises CallTimedOut."""
    state = SealedState(database, header.state_root)

    def read_account_slots(address: Address, slots: tuple[int, ...]) -> tuple[int, ...]:
        root = (state.read_account(address) or EMPTY_ACCOUNT).storage_root
        return tuple(_within(slots, lambda slot: state.read_slot(root, slot), limits))

    return tuple(read_account_slots(address, slots) for address, slots in wanted)


def read_storage_range(
    database: Database, header: BlockHeader, wanted: StorageRangeRequest, limits: CallLimits
) -> StorageRange:
    """Slots after a block in the order of their hashes. Raises CallTimedOut."""
    account = SealedState(database, header.state_root).read_account(wanted.address) or EMPTY_ACCOUNT
    found = database.trie.scan(account.storage_root, nibbles_of(wanted.start))
    some = islice(found, min(wanted.count_max, SLOTS_PER_RANGE_MAX) + 1)
    rows = list(_within(some, lambda row: (_hash_of(row[0]), read_number(row[1])), limits))
    is_cut = len(rows) > min(wanted.count_max, SLOTS_PER_RANGE_MAX)
    return StorageRange(tuple(rows[:-1] if is_cut else rows), rows[-1][0] if is_cut else None)


def _hash_of(path: bytes) -> Hash:
    return Hash(bytes.fromhex("".join(f"{nibble:x}" for nibble in path)))


def _within(items: Iterable[Item], find: Callable[[Item], Found], limits: CallLimits) -> Iterator[Found]:
    for item in items:
        if limits.deadline is not None and time.monotonic() > limits.deadline:
            raise CallTimedOut()
        yield find(item)
