"""Contracts that stand in the rollup's genesis, and the storage with which the ledger oracle begins."""

from collections.abc import Sequence

from contracts.artifact import load_artifact
from rollup.core.cursor import Cursor
from rollup.core.deposit import LEDGER_ORACLE
from rollup.core.hashes import keccak
from rollup.core.ids import Address

MULTICALL3 = Address(bytes.fromhex("ca11bde05977b3631167028862be2a173976ca11"))
"""Where wallets and client libraries look for Multicall3 on every chain."""

DEPLOYMENT_PROXY = Address(bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c"))
"""Where deployment tools look for the deterministic deployment proxy (CREATE2 with salt || init code as calldata)."""

DEPLOYMENT_PROXY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "e03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)

HISTORY_STORAGE = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
"""Where Prague keeps the hashes of the last 8191 blocks (EIP-2935)."""

HISTORY_STORAGE_CODE = bytes.fromhex(
    "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff"
    "9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
)

PREDEPLOYS: tuple[tuple[Address, bytes], ...] = (
    (LEDGER_ORACLE, load_artifact("LedgerOracle").runtime),
    (MULTICALL3, load_artifact("Multicall3").runtime),
    (DEPLOYMENT_PROXY, DEPLOYMENT_PROXY_CODE),
    (HISTORY_STORAGE, HISTORY_STORAGE_CODE),
)
"""Address and runtime code of each."""

_LEDGERS_SLOT = 0
_POSITIONS_SLOT = 1
_INDICES_PER_SLOT = 16


def oracle_storage(cursors: Sequence[Cursor]) -> tuple[tuple[int, int], ...]:
    """Storage of the ledger oracle that knows these cursors, as (slot, value), in ascending order of slots.

    Layout of the contract: slot 0 is the list of ledger indices (16 to a slot), slot 1 the mapping from index to
    ``known, height, messageCount`` packed, block hash, accumulator. Zero values are left out.
    """
    slots = {_LEDGERS_SLOT: len(cursors)}
    list_start = _number(keccak(_word(_LEDGERS_SLOT)))
    for place, cursor in enumerate(cursors):
        slot, shift = list_start + place // _INDICES_PER_SLOT, 16 * (place % _INDICES_PER_SLOT)
        slots[slot] = slots.get(slot, 0) | cursor.ledger_index << shift
        base = _number(keccak(_word(cursor.ledger_index) + _word(_POSITIONS_SLOT)))
        slots[base] = 1 | cursor.height << 8 | cursor.message_count << 72
        slots[base + 1] = _number(cursor.block_hash)
        slots[base + 2] = _number(cursor.message_accumulator)
    return tuple(sorted((slot, value) for slot, value in slots.items() if value))


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _number(word: bytes) -> int:
    return int.from_bytes(word, "big")
