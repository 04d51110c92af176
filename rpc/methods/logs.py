"""eth_getLogs. Large answers are refused in words from which clients learn to ask for less."""

from rollup.core.ids import BlockNumber
from rollup.core.logs import LogFilter
from rpc.block_refs import check_number, head_number
from rpc.errors import SERVER_ERROR, RpcError, invalid_params
from rpc.json_codec import Encoded
from rpc.log_params import LogQuery, read_log_query
from rpc.log_search import LogSearch
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import BlockRef
from rpc.settings import RpcSettings
from rpc.shapes.log import found_json
from rpc.turns import encode_in_turns

LOGS_PER_TURN = 100


class LogMethods:
    def __init__(self, ports: NodePorts, search: LogSearch, settings: RpcSettings) -> None:
        self._ports = ports
        self._search = search
        self._count_max = settings.logs_count_max
        self._range_max = settings.logs_range_max

    def table(self) -> dict[str, Method]:
        return {"eth_getLogs": Method(self.logs, (Param(read_log_query),))}

    async def logs(self, query: LogQuery) -> Encoded:
        first, last = self._bounds(query)
        log_filter = LogFilter(first, last, query.addresses, query.topics)
        found = await self._search.find(log_filter, self._count_max)
        return await encode_in_turns(found, found_json, LOGS_PER_TURN)

    def _bounds(self, query: LogQuery) -> tuple[BlockNumber, BlockNumber]:
        if query.block_hash is not None:
            number = self._ports.chain.number_of(query.block_hash)
            if number is None:
                raise RpcError(SERVER_ERROR, "unknown block")
            return number, number
        first, last = self._bound(query.first), self._bound(query.last)
        if first > last:
            raise invalid_params("invalid block range params")
        if last - first >= self._range_max:
            raise invalid_params(f"exceed maximum block range: {self._range_max}")
        return first, last

    def _bound(self, ref: BlockRef) -> BlockNumber:
        if ref.number is not None and ref.number > head_number(self._ports):
            raise invalid_params("block range extends beyond current head block")
        return check_number(self._ports, ref)
