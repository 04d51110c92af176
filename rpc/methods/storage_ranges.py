"""Storage of a contract slot by slot (``debug_storageRangeAt``)."""

from typing import Any

from rollup.core.ids import Address, BlockNumber
from rollup.core.tracing import StorageRangeRequest
from rpc.block_refs import check_number
from rpc.errors import SERVER_ERROR, InvalidArgument, RpcError
from rpc.hexes import data, word
from rpc.method import Method, Param
from rpc.methods.blocks import read_hash_ref
from rpc.ports import NodePorts
from rpc.scalars import BlockRef, read_address, read_data

KEY_BYTES = 32


class StorageRangeMethods:
    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        count = Param(_read_count)
        params = (Param(read_hash_ref), count, Param(read_address), Param(_read_start), count)
        return {"debug_storageRangeAt": Method(self.slots, params)}

    async def slots(self, ref: BlockRef, index: int, address: Address, start: bytes, count: int) -> dict[str, Any]:  # noqa: ARG002
        """As it was before the block, whatever ``index`` says: geth reads the trie there, too."""
        number = check_number(self._ports, ref)
        if not number:
            raise RpcError(SERVER_ERROR, "no transaction in genesis")
        request = StorageRangeRequest(address, BlockNumber(number - 1), start, count)
        found = await self._ports.state.read_storage_range(request)
        rows = {data(name): {"key": None, "value": word(value)} for name, value in found.slots}
        return {"storage": rows, "nextKey": None if found.next_hash is None else data(found.next_hash)}


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidArgument("cannot unmarshal into int")
    return value


def _read_start(value: object) -> bytes:
    start = read_data(value)
    if len(start) > KEY_BYTES:
        raise InvalidArgument("a key of over 32 bytes")
    return start
