"""The devnet's keys, held by the node so that its methods can sign: everybody knows them."""

from collections.abc import Iterable
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct

from rollup.core.hashes import address_of
from rollup.core.ids import Address

_SIGNED_NAMES = ("nonce", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "value", "chainId")


class DevWallet:
    """Fits the server's KeyRing. Its repr shows no key."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = {address_of(key): key for key in keys}

    @property
    def accounts(self) -> tuple[Address, ...]:
        return tuple(self._keys)

    def sign_message(self, account: Address, message: bytes) -> bytes:
        return bytes(Account.sign_message(encode_defunct(message), self._keys[account]).signature)

    def sign_transaction(self, account: Address, fields: dict[str, Any]) -> bytes:
        envelope: dict[str, Any] = {name: fields[name] for name in _SIGNED_NAMES if name in fields}
        envelope["data"] = fields["input"]
        if fields.get("to") is not None:
            envelope["to"] = fields["to"]
        if "accessList" in fields:
            envelope["accessList"] = [
                {"address": address, "storageKeys": [slot.to_bytes(32, "big") for slot in slots]}
                for address, slots in fields["accessList"]
            ]
        return bytes(Account.sign_transaction(envelope, self._keys[account]).raw_transaction)
