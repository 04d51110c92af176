"""Reads of state: balances, nonces, code, storage."""

from rollup.core.ids import Address
from rpc.block_refs import state_block
from rpc.hexes import data, quantity, word
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, read_address, read_block, read_slot

_ADDRESS = Param(read_address)
_BLOCK = Param(read_block, LATEST)


class StateMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {
            "eth_getBalance": Method(self.balance, (_ADDRESS, _BLOCK)),
            "eth_getTransactionCount": Method(self.nonce, (_ADDRESS, _BLOCK)),
            "eth_getCode": Method(self.code, (_ADDRESS, _BLOCK)),
            "eth_getStorageAt": Method(self.storage, (_ADDRESS, Param(read_slot), _BLOCK)),
        }

    async def balance(self, address: Address, ref: BlockRef) -> str:
        accounts = await self._ports.state.read_accounts((address,), state_block(self._ports, ref))
        return quantity(accounts[0].balance)

    async def nonce(self, address: Address, ref: BlockRef) -> str:
        """With ``pending``, what the pool holds counts too."""
        if ref.tag == "pending" and self._ports.pool is not None:
            pending = self._ports.pool.pending_nonce(address)
            if pending is not None:
                return quantity(pending)
        accounts = await self._ports.state.read_accounts((address,), state_block(self._ports, ref))
        return quantity(accounts[0].nonce)

    async def code(self, address: Address, ref: BlockRef) -> str:
        return data(await self._ports.state.read_code(address, state_block(self._ports, ref)))

    async def storage(self, address: Address, slot: int, ref: BlockRef) -> str:
        return word(await self._ports.state.read_storage(address, slot, state_block(self._ports, ref)))
