"""Who signs the postings. `LocalSigner` holds the key in this process; remote signers fit the same Protocol."""

from collections.abc import Mapping
from typing import Protocol

from eth_account import Account

from rollup.core.hashes import address_of
from rollup.core.ids import Address


class Signer(Protocol):
    """One account. ``fields`` are those of an unsigned transaction in eth_account's names; the answer is the signed
    envelope. May be repeated; signing the same fields twice is harmless."""

    @property
    def address(self) -> Address: ...

    async def sign_transaction(self, fields: Mapping[str, int | bytes]) -> bytes: ...


class LocalSigner:
    """A 32-byte secp256k1 key in memory. Its repr does not show it."""

    def __init__(self, private_key: bytes) -> None:
        self._private_key = private_key
        self.address = address_of(private_key)

    async def sign_transaction(self, fields: Mapping[str, int | bytes]) -> bytes:
        return bytes(Account.sign_transaction(dict(fields), self._private_key).raw_transaction)
