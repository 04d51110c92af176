"""Sending transactions and following them."""

from rollup.core.errors import ReadOnlyNode
from rollup.core.ids import Hash
from rpc.block_loader import load_transaction
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import read_data, read_hash
from rpc.shapes.receipt import logs_before, receipt_json
from rpc.shapes.transaction import mined_json, transaction_json

_HASH = Param(read_hash)


class TransactionMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {
            "eth_sendRawTransaction": Method(self.send, (Param(read_data),)),
            "eth_getTransactionByHash": Method(self.transaction, (_HASH,)),
            "eth_getTransactionReceipt": Method(self.receipt, (_HASH,)),
        }

    async def send(self, raw: bytes) -> str:
        if self._ports.sink is None:
            raise ReadOnlyNode()
        return data(await self._ports.sink.submit(raw))

    async def transaction(self, transaction_hash: Hash) -> object:
        """Mined first; else what waits in the pool; else null."""
        found = await load_transaction(self._ports.chain, transaction_hash)
        if found is not None:
            return mined_json(*found)
        waiting = None if self._ports.pool is None else self._ports.pool.find(transaction_hash)
        return None if waiting is None else transaction_json(*waiting, position=None)

    async def receipt(self, transaction_hash: Hash) -> object:
        found = await load_transaction(self._ports.chain, transaction_hash)
        if found is None:
            return None
        block, index = found
        return receipt_json(block, index, logs_before(block, index))
