"""Hashes of former blocks in the state (EIP-2935), for chains whose genesis holds the history contract.

Proofs about old blocks and contracts that look further back than BLOCKHASH read it. The write is part of the block, not
a transaction: no gas, no receipt. EIP-4788 has no counterpart here: there is no beacon chain.
"""

from rollup.core.block import BlockHeader
from rollup.core.ids import Address
from rollup.vm.fork import ChainState

HISTORY_STORAGE = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
HISTORY_SERVE_WINDOW = 8191


def write_history(state: ChainState, header: BlockHeader) -> None:
    """Store the parent's hash in the ring buffer before the first transaction of a block."""
    if not state.get_code(HISTORY_STORAGE):
        return
    slot = (header.number - 1) % HISTORY_SERVE_WINDOW
    state.set_storage(HISTORY_STORAGE, slot, int.from_bytes(header.parent_hash, "big"))
    state.end_transaction()
