"""``testing_`` methods: only where the settings ask for them. They change nothing."""

from dataclasses import dataclass
from typing import Any

from rollup.core.block import Withdrawal
from rollup.core.ids import ZERO_HASH, Address, Hash
from rollup.core.payload import PayloadRequest
from rollup.core.transaction import Transaction
from rpc.call_params import read_withdrawals
from rpc.errors import SERVER_ERROR, InvalidArgument, RpcError
from rpc.fields import read_list, read_object
from rpc.method import Method, Param
from rpc.ports import NodePorts
from rpc.scalars import read_address, read_data, read_hash, read_uint64
from rpc.shapes.payload import payload_json

EXTRA_BYTES_MAX = 32


@dataclass(frozen=True, slots=True)
class PayloadAttributes:
    """PayloadAttributesV3 of the engine API."""

    timestamp: int
    prev_randao: Hash
    coinbase: Address
    withdrawals: tuple[Withdrawal, ...]
    beacon_root: Hash


class TestingMethods:
    __test__ = False

    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports

    def table(self) -> dict[str, Method]:
        params = (
            Param(read_hash),
            Param(read_attributes),
            Param(read_transactions, None),
            Param(read_extra_data, b""),
        )
        return {"testing_buildBlockV1": Method(self.build_block, params)}

    async def build_block(
        self, parent_hash: Hash, attributes: PayloadAttributes, given: tuple[bytes, ...] | None, extra_data: bytes
    ) -> dict[str, object]:
        """A block of exactly these transactions, or of what the pool has (null). The chain stays as it is."""
        parent = self._ports.chain.number_of(parent_hash)
        if parent is None:
            raise RpcError(SERVER_ERROR, "unknown parent block")
        request = PayloadRequest(
            parent=parent,
            timestamp=attributes.timestamp,
            prev_randao=attributes.prev_randao,
            coinbase=attributes.coinbase,
            beacon_root=attributes.beacon_root,
            withdrawals=attributes.withdrawals,
            extra_data=extra_data,
            transactions=self._pooled() if given is None else given,
            exact=given is not None,
        )
        return payload_json(await self._ports.state.build_payload(request))

    def _pooled(self) -> tuple[bytes, ...]:
        """What could run now, dearest senders first, each sender's in turn."""
        content = {} if self._ports.pool is None else self._ports.pool.content(None)
        queues = [[pending[nonce] for nonce in sorted(pending)] for pending, _ in content.values() if pending]
        return tuple(each.raw for queue in sorted(queues, key=_best_tip, reverse=True) for each in queue)


def _best_tip(queue: list[Transaction]) -> int:
    return queue[0].max_tip


def read_attributes(value: object) -> PayloadAttributes:
    given: dict[str, Any] = read_object(value, "payload attributes")
    withdrawals, beacon_root = given.get("withdrawals"), given.get("parentBeaconBlockRoot")
    return PayloadAttributes(
        timestamp=read_uint64(given.get("timestamp")),
        prev_randao=read_hash(given.get("prevRandao")),
        coinbase=read_address(given.get("suggestedFeeRecipient")),
        withdrawals=() if withdrawals is None else read_withdrawals(withdrawals),
        beacon_root=ZERO_HASH if beacon_root is None else read_hash(beacon_root),
    )


def read_transactions(value: object) -> tuple[bytes, ...]:
    return tuple(read_data(item) for item in read_list(value, "transactions"))


def read_extra_data(value: object) -> bytes:
    """Of the block's header."""
    data = read_data(value)
    if len(data) > EXTRA_BYTES_MAX:
        raise InvalidArgument(f"extra data of {len(data)} bytes, at most {EXTRA_BYTES_MAX}")
    return data
