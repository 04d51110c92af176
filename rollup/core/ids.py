"""Names for the plain values that travel everywhere. Bytes inside; hex only at the edges."""

from typing import NewType

Hash = NewType("Hash", bytes)
"""32 bytes, a Keccak-256 digest unless said otherwise."""

Address = NewType("Address", bytes)
"""20 bytes, an account of an EVM chain."""

LedgerId = NewType("LedgerId", str)
"""CAIP-2 id of a connected ledger: ``eip155:1``, ``bip122:<first 32 hex of the genesis hash>``."""

LedgerIndex = NewType("LedgerIndex", int)
"""Position of a ledger in the rollup's genesis (u16): what headers and cursors carry instead of the id."""

BlockNumber = NewType("BlockNumber", int)
BatchNumber = NewType("BatchNumber", int)

ZERO_HASH = Hash(bytes(32))
ZERO_ADDRESS = Address(bytes(20))
EMPTY_CODE_HASH = Hash(bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"))
