"""eth_sendRawTransactionSync (EIP-7966): send, wait for the block, answer with the receipt."""

import asyncio

from rollup.core.ids import Hash
from rpc.errors import NONCE_GAP, SYNC_TIMED_OUT, InvalidArgument, RpcError
from rpc.feed import ChainFeed
from rpc.hexes import quantity
from rpc.method import Method, Param
from rpc.methods.transactions import TransactionMethods
from rpc.ports import NodePorts
from rpc.scalars import UINT64_MAX, read_data, read_uint64
from rpc.settings import RpcSettings


def read_milliseconds(value: object) -> int:
    """A QUANTITY as geth takes it and clients send it; also a plain number, as the EIP's examples have it."""
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= UINT64_MAX:
            return value
        raise InvalidArgument("milliseconds out of range")
    return read_uint64(value)


class WaitingMethods:
    def __init__(self, ports: NodePorts, feed: ChainFeed, settings: RpcSettings) -> None:
        self._ports = ports
        self._feed = feed
        self._settings = settings
        self._transactions = TransactionMethods(ports)

    def table(self) -> dict[str, Method]:
        params = (Param(read_data), Param(read_milliseconds, 0))
        return {"eth_sendRawTransactionSync": Method(self.send, params)}

    async def send(self, raw: bytes, milliseconds: int) -> object:
        """The receipt. Error 4 with the hash when time runs out, 6 with the nonce that comes first; the transaction is
        in the pool then all the same."""
        sent = await self._transactions.send(raw)
        transaction_hash = Hash(bytes.fromhex(sent[2:]))
        self._check_gap(transaction_hash)
        wanted_s = milliseconds / 1000 or self._settings.sync_wait_s
        wait_s = min(wanted_s, self._settings.sync_wait_max_s)
        try:
            async with asyncio.timeout(wait_s):
                return await self._wait(transaction_hash)
        except TimeoutError as error:
            words = f"The transaction was added to the transaction pool but wasn't processed in {wait_s:g}s"
            raise RpcError(SYNC_TIMED_OUT, words, sent) from error

    async def _wait(self, transaction_hash: Hash) -> object:
        while True:
            next_block = self._feed.next_block
            receipt = await self._transactions.receipt(transaction_hash)
            if receipt is not None:
                return receipt
            await next_block.wait()

    def _check_gap(self, transaction_hash: Hash) -> None:
        """What waits for a lower nonce is in no block soon."""
        waiting = None if self._ports.pool is None else self._ports.pool.find(transaction_hash)
        if self._ports.pool is None or waiting is None:
            return
        transaction, sender = waiting
        expected = self._ports.pool.pending_nonce(sender)
        if expected is not None and transaction.nonce > expected:
            words = f"nonce gap: the transaction waits for nonce {expected}"
            raise RpcError(NONCE_GAP, words, quantity(expected))
