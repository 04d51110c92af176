"""What waits in the pool, as geth's ``txpool_`` namespace shows it. A node without a pool shows an empty one."""

from collections.abc import Mapping

from eth_utils.address import to_checksum_address

from rollup.core.ids import Address
from rollup.core.transaction import Transaction
from rpc.hexes import quantity
from rpc.method import Method, Param
from rpc.ports import NodePorts, PoolContent
from rpc.scalars import read_address
from rpc.shapes.transaction import transaction_json
from rpc.turns import build_in_turns

SENDERS_PER_TURN = 20

Row = tuple[str, dict[str, object], dict[str, object]]


class PoolMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        return {
            "txpool_status": Method(self.status),
            "txpool_content": Method(self.content),
            "txpool_contentFrom": Method(self.content_from, (Param(read_address),)),
            "txpool_inspect": Method(self.inspect),
            "eth_pendingTransactions": Method(self.pending),
        }

    async def status(self) -> dict[str, str]:
        pending, queued = (0, 0) if self._ports.pool is None else self._ports.pool.counts
        return {"pending": quantity(pending), "queued": quantity(queued)}

    async def content(self) -> dict[str, dict[str, object]]:
        """Whole transactions by sender and nonce."""
        rows = await build_in_turns(self._read(None).items(), _content_row, SENDERS_PER_TURN)
        return _by_sender(rows)

    async def content_from(self, address: Address) -> dict[str, dict[str, object]]:
        """As content, of one sender alone."""
        pending, queued = self._read(address).get(address, ({}, {}))
        return {"pending": _whole(pending, address), "queued": _whole(queued, address)}

    async def inspect(self) -> dict[str, dict[str, object]]:
        """A line for each transaction."""
        rows = await build_in_turns(self._read(None).items(), _inspect_row, SENDERS_PER_TURN)
        return _by_sender(rows)

    async def pending(self) -> list[object]:
        """All that could run now; in no block, so block fields are null."""
        rows = await build_in_turns(self._read(None).items(), _content_row, SENDERS_PER_TURN)
        return [transaction for _, pending, _ in rows for transaction in pending.values()]

    def _read(self, address: Address | None) -> PoolContent:
        return {} if self._ports.pool is None else self._ports.pool.content(address)


def _by_sender(rows: list[Row]) -> dict[str, dict[str, object]]:
    return {
        "pending": {sender: pending for sender, pending, _ in rows if pending},
        "queued": {sender: queued for sender, _, queued in rows if queued},
    }


def _content_row(item: tuple[Address, tuple[dict[int, Transaction], dict[int, Transaction]]]) -> Row:
    sender, (pending, queued) = item
    return str(to_checksum_address(sender)), _whole(pending, sender), _whole(queued, sender)


def _inspect_row(item: tuple[Address, tuple[dict[int, Transaction], dict[int, Transaction]]]) -> Row:
    sender, (pending, queued) = item
    return str(to_checksum_address(sender)), _lines(pending), _lines(queued)


def _whole(transactions: Mapping[int, Transaction], sender: Address) -> dict[str, object]:
    return {str(nonce): transaction_json(each, sender, position=None) for nonce, each in transactions.items()}


def _lines(transactions: Mapping[int, Transaction]) -> dict[str, object]:
    return {str(nonce): _line(each) for nonce, each in transactions.items()}


def _line(transaction: Transaction) -> str:
    target = "contract creation" if transaction.to is None else to_checksum_address(transaction.to)
    return f"{target}: {transaction.value} wei + {transaction.gas} gas × {transaction.max_fee} wei"
