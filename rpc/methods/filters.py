"""Filters over HTTP: eth_newFilter, eth_newBlockFilter, eth_newPendingTransactionFilter and what asks them."""

from dataclasses import dataclass, replace

from rollup.core.errors import TooManyLogs
from rollup.core.ids import BlockNumber, Hash
from rollup.core.logs import FoundLog, LogFilter
from rpc.block_refs import head_number
from rpc.errors import SERVER_ERROR, RpcError, invalid_params
from rpc.filters import Filter, FilterBook
from rpc.hexes import data
from rpc.log_params import LogQuery, read_log_query
from rpc.log_search import LogSearch
from rpc.method import Method, Param
from rpc.methods.logs import LogMethods
from rpc.methods.transactions import TransactionMethods
from rpc.ports import NodePorts
from rpc.scalars import read_bool, read_quantity
from rpc.shapes.log import found_json
from rpc.turns import build_in_turns

HEADERS_PER_TURN = 50
LOGS_PER_TURN = 500


def read_filter_id(value: object) -> str:
    """In the form in which ids are given out."""
    return hex(read_quantity(value, 2**128 - 1))


_ID = Param(read_filter_id)


@dataclass(frozen=True, slots=True)
class FilterParts:
    """``logs`` and ``transactions`` answer what filters share with other methods."""

    book: FilterBook
    search: LogSearch
    logs: LogMethods
    transactions: TransactionMethods
    logs_count_max: int


class FilterMethods:
    def __init__(self, ports: NodePorts, parts: FilterParts) -> None:
        self._ports = ports
        self._parts = parts
        self._book = parts.book

    def table(self) -> dict[str, Method]:
        return {
            "eth_newFilter": Method(self.new_logs, (Param(read_log_query),)),
            "eth_newBlockFilter": Method(self.new_blocks),
            "eth_newPendingTransactionFilter": Method(self.new_pending, (Param(read_bool, default=False),)),
            "eth_getFilterChanges": Method(self.changes, (_ID,)),
            "eth_getFilterLogs": Method(self.logs, (_ID,)),
            "eth_uninstallFilter": Method(self.uninstall, (_ID,)),
        }

    async def new_logs(self, query: LogQuery) -> str:
        """Its changes are logs of blocks to come; what there is already is for eth_getFilterLogs."""
        first, last = query.first.number, query.last.number
        if first is not None and last is not None and first > last:
            raise invalid_params("invalid block range params")
        return self._book.install(self._book.new("logs", head_number(self._ports), query))

    async def new_blocks(self) -> str:
        return self._book.install(self._book.new("blocks", head_number(self._ports)))

    async def new_pending(self, full: bool) -> str:
        return self._book.install(self._book.new("pending", self._book.serial, is_full=full))

    async def uninstall(self, name: str) -> bool:
        return self._book.remove(name)

    async def logs(self, name: str) -> object:
        """Everything that the filter's own range holds."""
        query = self._book.find(name).query
        if query is None:
            raise RpcError(SERVER_ERROR, "filter not found")
        return await self._parts.logs.logs(query)

    async def changes(self, name: str) -> object:
        """What is new since the last call."""
        wanted = self._book.find(name)
        if wanted.kind == "blocks":
            return await self._new_hashes(wanted)
        if wanted.kind == "logs" and wanted.query is not None:
            return await self._new_logs(wanted, wanted.query)
        hashes = self._book.take_pending(name, wanted)
        if not wanted.is_full:
            return [data(each) for each in hashes]
        return [shape for each in hashes if (shape := await self._parts.transactions.transaction(each)) is not None]

    async def _new_hashes(self, wanted: Filter) -> list[str]:
        first, last = self._advance(wanted)
        hashes = await build_in_turns(range(first, last + 1), self._hash_of, HEADERS_PER_TURN)
        return [data(each) for each in hashes if each is not None]

    async def _new_logs(self, wanted: Filter, query: LogQuery) -> list[dict[str, object]]:
        removed, wanted.removed = wanted.removed, []
        first, last = self._advance(wanted)
        try:
            found = await self._find_some(wanted, query, LogFilter(first, last, query.addresses, query.topics))
        except BaseException:
            wanted.heard = min(wanted.heard, first - 1)  # not told after all: the next poll tells
            wanted.removed = removed + wanted.removed
            raise
        told = [found_json(log.found) | {"removed": True} for log in removed]
        return told + await build_in_turns(found, found_json, LOGS_PER_TURN)

    def _advance(self, wanted: Filter) -> tuple[BlockNumber, BlockNumber]:
        """First and last block that are new to the client; from now on it knows them."""
        first, last = wanted.heard + 1, head_number(self._ports)
        wanted.heard = last
        return BlockNumber(first), last

    async def _find_some(self, wanted: Filter, query: LogQuery, asked: LogFilter) -> tuple[FoundLog, ...]:
        """Logs of the filter's own range in these blocks: as many whole blocks as one answer holds, one at least."""
        asked = _clamp(asked, query)
        while asked.first <= asked.last:
            try:
                return await self._parts.search.find(asked, self._parts.logs_count_max)
            except TooManyLogs:
                if asked.first == asked.last:
                    raise
                asked = replace(asked, last=BlockNumber((asked.first + asked.last) // 2))
                wanted.heard = min(wanted.heard, asked.last)
        return ()

    def _hash_of(self, number: int) -> Hash | None:
        header = self._ports.chain.header(BlockNumber(number))
        return None if header is None else header.hash


def _clamp(asked: LogFilter, query: LogQuery) -> LogFilter:
    """Bounds that are given as numbers count for what is new as well."""
    first, last = query.first.number, query.last.number
    return replace(
        asked,
        first=asked.first if first is None else BlockNumber(max(asked.first, first)),
        last=asked.last if last is None else BlockNumber(min(asked.last, last)),
    )
