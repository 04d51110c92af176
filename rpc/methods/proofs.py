"""Proofs of state, and reads of many slots at once."""

from rollup.core.execution import SlotRequest
from rollup.core.ids import Address
from rpc.block_refs import state_block
from rpc.errors import InvalidArgument, invalid_params
from rpc.fields import read_list, read_object
from rpc.hexes import data, word
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, StorageKey, read_address, read_block, read_slot, read_storage_key
from rpc.shapes.proof import proof_json

SLOTS_MAX = 1024
"""In one request: what geth allows."""

SlotTable = tuple[tuple[Address, tuple[int, ...]], ...]
_BLOCK = Param(read_block, LATEST)


class ProofMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {
            "eth_getProof": Method(self.proof, (Param(read_address), Param(read_keys), _BLOCK)),
            "eth_getStorageValues": Method(self.storage_values, (Param(read_slot_table), _BLOCK)),
        }

    async def proof(self, address: Address, keys: tuple[StorageKey, ...], ref: BlockRef) -> object:
        """EIP-1186: the account and slots of it, with the trie nodes that prove them under the block's state root."""
        slots = tuple(key.slot for key in keys)
        proof = await self._ports.state.read_proof(address, slots, state_block(self._ports, ref))
        return proof_json(proof, keys)

    async def storage_values(self, table: SlotTable, ref: BlockRef) -> dict[str, list[str]]:
        """Slots of several accounts in one answer."""
        values = await self._ports.state.read_slots(SlotRequest(table, state_block(self._ports, ref)))
        rows = zip(table, values, strict=True)
        return {data(address): [word(value) for value in found] for (address, _), found in rows}


def read_keys(value: object) -> tuple[StorageKey, ...]:
    """Storage keys of eth_getProof."""
    keys = read_list(value, "storage keys")
    _check_count(len(keys))
    return tuple(read_storage_key(key) for key in keys)


def read_slot_table(value: object) -> SlotTable:
    """Lists of storage keys by account."""
    accounts = read_object(value, "storage slots by account")
    lists = [(read_address(address), read_list(keys, "storage keys")) for address, keys in accounts.items()]
    count = sum(len(keys) for _, keys in lists)
    if not count:
        raise invalid_params("empty request")
    _check_count(count)
    return tuple((address, tuple(read_slot(key) for key in keys)) for address, keys in lists)


def _check_count(count: int) -> None:
    if count > SLOTS_MAX:
        raise InvalidArgument(f"too many slots (max {SLOTS_MAX})")
