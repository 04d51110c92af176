"""Key files: 32 bytes as hex, readable by their owner only."""

import os
import secrets
from pathlib import Path

from eth_account import Account
from eth_utils.address import to_checksum_address

from rollup.core.errors import BadConfig, BadDataDirectory
from rollup.core.hashes import SECP256K1_N, address_of

DEVNET_MNEMONIC = "test test test test test test test test test test test junk"
"""The phrase that development networks share, known to every developer's wallet. Never fund it elsewhere."""


def write_new_key(path: Path) -> bytes:
    """Make a key and write it with mode 0600; an existing file is never overwritten (BadDataDirectory)."""
    key = secrets.token_bytes(32)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadDataDirectory(f"{path} exists already; a key is never overwritten: move it away first") from error
    except OSError as error:
        raise BadDataDirectory(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        file.write("0x" + key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> bytes:
    """Raises BadConfig when the file is missing, readable by others, or not a secp256k1 key."""
    try:
        text = path.read_text().strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"cannot read the key file {path}: make one with `entresol keys new {path}`") from error
    if mode & 0o077:
        raise BadConfig(f"{path} is readable by others: chmod 600 {path}")
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise BadConfig(f"{path} does not hold a key in hex") from error
    if len(key) != 32 or not 0 < int.from_bytes(key, "big") < SECP256K1_N:
        raise BadConfig(f"{path} does not hold a 32-byte secp256k1 key")
    return key


def read_or_make_key(path: Path) -> bytes:
    """The key in the file; made on first use."""
    return read_key(path) if path.exists() else write_new_key(path)


def checksum_address_of(key: bytes) -> str:
    """EIP-55 form of the address that the key controls."""
    return str(to_checksum_address(address_of(key)))


def devnet_keys(count: int) -> tuple[bytes, ...]:
    """The first accounts of the development phrase, path m/44'/60'/0'/0/i (BIP-44)."""
    Account.enable_unaudited_hdwallet_features()
    paths = (f"m/44'/60'/0'/0/{index}" for index in range(count))
    return tuple(bytes(Account.from_mnemonic(DEVNET_MNEMONIC, account_path=path).key) for path in paths)
