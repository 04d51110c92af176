"""What the Otterscan explorer asks beside the usual (``ots_``, API level 8), and ``erigon_getHeaderByNumber``."""

from typing import Any

import orjson

from rollup.core.block import Block
from rollup.core.ids import Address, Hash
from rollup.core.tracing import TracerSpec
from rpc.block_refs import check_number, find_block, head_number
from rpc.errors import INVALID_PARAMS, SERVER_ERROR, RpcError
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.methods.blocks import read_hash_ref
from rpc.methods.tracing import BlockTracer
from rpc.ots_search import AccountSearch, read_number, read_number_ref, transactions_json
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_address, read_block, read_hash
from rpc.settings import RpcSettings
from rpc.shapes.block import header_json
from rpc.shapes.ots import details_json, page_json, steps_of, transfers_of

API_LEVEL = 8
PAGE_MAX = 100
CALLS = TracerSpec("callTracer", {})

Row = dict[str, Any]


class OtterscanMethods:
    def __init__(self, ports: NodePorts, settings: RpcSettings) -> None:
        self._ports = ports
        self._blocks = BlockTracer(ports, settings.response_bytes_max)
        self._search = AccountSearch(ports)

    def table(self) -> dict[str, Method]:
        number, transaction, address = Param(read_number_ref), Param(read_hash), Param(read_address)
        count = Param(read_number)
        return {
            "erigon_getHeaderByNumber": Method(self.header, (number,)),
            "ots_getApiLevel": Method(self.level),
            "ots_hasCode": Method(self.has_code, (address, Param(read_block, BlockRef(tag="latest")))),
            "ots_getInternalOperations": Method(self.transfers, (transaction,)),
            "ots_traceTransaction": Method(self.steps, (transaction,)),
            "ots_getTransactionError": Method(self.error, (transaction,)),
            "ots_getBlockDetails": Method(self.details, (number,)),
            "ots_getBlockDetailsByHash": Method(self.details, (Param(read_hash_ref),)),
            "ots_getBlockTransactions": Method(self.page, (number, count, count)),
            "ots_searchTransactionsBefore": Method(self.before, (address, count, count)),
            "ots_searchTransactionsAfter": Method(self.after, (address, count, count)),
            "ots_getTransactionBySenderAndNonce": Method(self.by_nonce, (address, count)),
            "ots_getContractCreator": Method(self.creator, (address,)),
        }

    async def header(self, ref: BlockRef) -> Row | None:
        block = await find_block(self._ports, ref)
        return None if block is None else header_json(block.header)

    async def level(self) -> int:
        return API_LEVEL

    async def has_code(self, address: Address, ref: BlockRef) -> bool:
        return bool(await self._ports.state.read_code(address, check_number(self._ports, ref)))

    async def transfers(self, transaction_hash: Hash) -> list[Row]:
        """Ether moved by contracts, contracts made and destroyed, in order."""
        return transfers_of(await self._root(transaction_hash))

    async def steps(self, transaction_hash: Hash) -> list[Row]:
        """All calls with their depth."""
        return steps_of(await self._root(transaction_hash))

    async def error(self, transaction_hash: Hash) -> str:
        """The revert data, ``0x`` where there is none."""
        root = await self._root(transaction_hash)
        return str(root.get("output", "0x")) if "error" in root else "0x"

    async def details(self, ref: BlockRef) -> Row | None:
        """A block without its transactions, and what its senders paid."""
        block = await find_block(self._ports, ref)
        return None if block is None else details_json(block)

    async def page(self, ref: BlockRef, page: int, size: int) -> Row | None:
        """Page 0 holds the last transactions of the block."""
        block = await find_block(self._ports, ref)
        return None if block is None else page_json(block, page, _page_size(size))

    async def before(self, address: Address, number: int, size: int) -> Row:
        """The newest transactions of an account below a block; 0 means below all that will come."""
        head = head_number(self._ports)
        start = min(number, head + 1) if number else head + 1
        found, is_end = await self._search.find(address, range(start - 1, -1, -1), _page_size(size))
        return {**transactions_json(found), "firstPage": not number or number > head, "lastPage": is_end}

    async def after(self, address: Address, number: int, size: int) -> Row:
        """The oldest ones above a block; shown newest first all the same."""
        start = number + 1 if number else 0
        found, is_end = await self._search.find(address, range(start, head_number(self._ports) + 1), _page_size(size))
        return {**transactions_json(found[::-1]), "firstPage": is_end, "lastPage": not number}

    async def by_nonce(self, address: Address, nonce: int) -> str | None:
        block = await self._search.first_block(address, lambda account: account.nonce > nonce)
        return None if block is None else await self._search.hash_at_nonce(address, nonce, block)

    async def creator(self, address: Address) -> Row | None:
        """Who made a contract, and in which transaction; null for accounts and for contracts of the genesis."""
        if not await self._ports.state.read_code(address, None):
            return None
        block = await self._search.first_block_with_code(address)
        return None if block is None else await self._creator_in(block, address)

    async def _creator_in(self, block: Block, address: Address) -> Row | None:
        traces = await self._blocks.trace(block, TracerSpec("flatCallTracer", {}))
        for row in (row for trace in traces for row in orjson.loads(trace)):
            if row["type"] == "create" and row.get("result", {}).get("address") == data(address):
                return {"hash": row["transactionHash"], "creator": row["action"]["from"]}
        return None

    async def _root(self, transaction_hash: Hash) -> Row:
        block, index = await self._blocks.find(transaction_hash)
        (trace,) = await self._blocks.trace(block, CALLS, index, index + 1)
        try:
            root: Row = orjson.loads(trace)
        except orjson.JSONDecodeError as error:
            raise RpcError(SERVER_ERROR, "calls nested too deeply to be shown") from error
        return root


def _page_size(size: int) -> int:
    if not 0 < size <= PAGE_MAX:
        raise RpcError(INVALID_PARAMS, f"page size {size}, at most {PAGE_MAX}")
    return size
