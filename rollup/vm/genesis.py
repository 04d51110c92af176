"""Block 0: the allocated accounts as a state, and the header over it."""

from rollup.core.block import BlockHeader
from rollup.core.genesis import ChainGenesis
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH
from rollup.vm.accounts import Account, StateChanges
from rollup.vm.database import Database
from rollup.vm.headers import build_genesis_header
from rollup.vm.sealing import seal_changes
from rollup.vm.trie import EMPTY_ROOT


def build_genesis(database: Database, genesis: ChainGenesis) -> BlockHeader:
    """Lay the allocation into the database's pending writes and return the header. The same on every node."""
    accounts: dict[bytes, Account | None] = {}
    codes = {}
    for address, account in genesis.alloc:
        code_hash = keccak(account.code) if account.code else EMPTY_CODE_HASH
        accounts[address] = Account(account.nonce, account.balance, EMPTY_ROOT, code_hash)
        if account.code:
            codes[bytes(code_hash)] = account.code
    slots = {bytes(address): dict(account.storage) for address, account in genesis.alloc if account.storage}
    root, _ = seal_changes(database, EMPTY_ROOT, StateChanges(accounts, slots, codes))
    return build_genesis_header(genesis.rule, genesis.timestamp, root)
