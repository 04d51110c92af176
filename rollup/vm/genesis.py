"""Block 0: the allocated accounts as a state, and the header over it."""

from dataclasses import replace

from rollup.core.block import BlockHeader
from rollup.core.genesis import ChainGenesis
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH
from rollup.vm.accounts import Account, StateChanges
from rollup.vm.database import Database
from rollup.vm.headers import build_genesis_header, encode_block_header
from rollup.vm.sealing import seal_changes
from rollup.vm.trie import EMPTY_ROOT


def build_genesis(database: Database, genesis: ChainGenesis) -> BlockHeader:
    """Lay the allocation into the database's pending writes and return the header. The same on every node.

    The block 0 of an imported chain keeps the empty accounts that its makers listed."""
    accounts: dict[bytes, Account | None] = {}
    codes = {}
    for address, account in genesis.alloc:
        code_hash = keccak(account.code) if account.code else EMPTY_CODE_HASH
        accounts[address] = Account(account.nonce, account.balance, EMPTY_ROOT, code_hash)
        if account.code:
            codes[bytes(code_hash)] = account.code
    slots = {bytes(address): dict(account.storage) for address, account in genesis.alloc if account.storage}
    keep_empty = genesis.header is not None
    root, _ = seal_changes(database, EMPTY_ROOT, StateChanges(accounts, slots, codes), keep_empty=keep_empty)
    if genesis.header is not None:
        header = replace(genesis.header, state_root=root)
        return replace(header, hash=keccak(encode_block_header(header)))
    return build_genesis_header(genesis.rule, genesis.timestamp, root)
