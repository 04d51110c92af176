"""Accounts whose keys the node holds: a devnet's, known to everybody. Elsewhere there is no key ring, eth_accounts is
empty and the methods that sign do not exist."""

from typing import Any, Protocol

from rollup.core.execution import NO_BLOCK_OVERRIDE
from rollup.core.ids import Address
from rpc.call_params import CallFields, read_call
from rpc.errors import SERVER_ERROR, RpcError
from rpc.hexes import data
from rpc.method import Method, Param
from rpc.methods.calls import CallMethods
from rpc.methods.fees import FeeMethods
from rpc.methods.state import StateMethods
from rpc.methods.transactions import TransactionMethods
from rpc.ports import NodePorts
from rpc.scalars import LATEST, BlockRef, read_address, read_data
from rpc.settings import RpcSettings

PENDING = BlockRef(tag="pending")


class KeyRing(Protocol):
    """Holds keys. Signs at once and never asks; the callers check that the account is one of its own."""

    @property
    def accounts(self) -> tuple[Address, ...]: ...

    def sign_message(self, account: Address, message: bytes) -> bytes:
        """EIP-191 personal message: 65 bytes, v is 27 or 28."""
        ...

    def sign_transaction(self, account: Address, fields: dict[str, Any]) -> bytes:
        """``fields`` in the names of JSON-RPC, decoded, complete. The signed envelope."""
        ...


class WalletMethods:
    def __init__(self, ports: NodePorts, settings: RpcSettings, keys: KeyRing | None) -> None:
        self._ports = ports
        self._keys = keys
        self._calls = CallMethods(ports, settings.call_gas_max)
        self._fees = FeeMethods(ports, settings.tip_suggested_wei)
        self._state = StateMethods(ports)
        self._transactions = TransactionMethods(ports)

    def table(self) -> dict[str, Method]:
        accounts = {"eth_accounts": Method(self.accounts)}
        if self._keys is None:
            return accounts
        call, message = Param(read_call), (Param(read_address), Param(read_data))
        return accounts | {
            "eth_sign": Method(self.sign, message),
            "personal_sign": Method(self.sign_personal, (Param(read_data), Param(read_address), Param(_ignore, None))),
            "eth_signTransaction": Method(self.sign_transaction, (call,)),
            "eth_sendTransaction": Method(self.send_transaction, (call,)),
        }

    async def accounts(self) -> list[str]:
        return [] if self._keys is None else [data(account) for account in self._keys.accounts]

    async def sign(self, account: Address, message: bytes) -> str:
        return data(self._ring(account).sign_message(account, message))

    async def sign_personal(self, message: bytes, account: Address, _: object) -> str:
        """As eth_sign, the other way round; the password is of no account."""
        return await self.sign(account, message)

    async def sign_transaction(self, fields: CallFields) -> str:
        """The signed envelope (execution-apis; geth answers an object). What is left open is filled in."""
        account = _check_sender(fields)
        ring = self._ring(account)
        return data(ring.sign_transaction(account, await self._complete(fields, account)))

    async def send_transaction(self, fields: CallFields) -> str:
        account = _check_sender(fields)
        ring = self._ring(account)
        return await self._transactions.send(ring.sign_transaction(account, await self._complete(fields, account)))

    def _ring(self, account: Address) -> KeyRing:
        if self._keys is None or account not in self._keys.accounts:
            raise RpcError(SERVER_ERROR, "unknown account")
        return self._keys

    async def _complete(self, fields: CallFields, account: Address) -> CallFields:
        """Nonce, fees and gas as a wallet would choose them."""
        chain_id = self._ports.rule.chain_id
        if fields.get("chainId", chain_id) != chain_id:
            raise RpcError(SERVER_ERROR, f"chainId does not match node's (have={fields['chainId']}, want={chain_id})")
        whole = {"value": 0, "input": b"", **fields, "chainId": chain_id}
        if "nonce" not in whole:
            whole["nonce"] = int(await self._state.nonce(account, PENDING), 16)
        if "gasPrice" not in whole:
            await self._complete_fees(whole)
        if "gas" not in whole:
            whole["gas"] = int(await self._calls.estimate_gas(whole, LATEST, (), NO_BLOCK_OVERRIDE), 16)
        return whole

    async def _complete_fees(self, whole: CallFields) -> None:
        tip = whole.get("maxPriorityFeePerGas")
        suggested = int(await self._fees.gas_price(), 16)
        if tip is None:
            tip = min(int(await self._fees.tip(), 16), whole.get("maxFeePerGas", suggested))
        whole["maxPriorityFeePerGas"] = tip
        whole.setdefault("maxFeePerGas", suggested + tip)


def _check_sender(fields: CallFields) -> Address:
    if "from" not in fields:
        raise RpcError(SERVER_ERROR, "from not found")
    account: Address = fields["from"]
    return account


def _ignore(value: object) -> object:
    return value
