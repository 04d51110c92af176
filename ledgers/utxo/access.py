"""Where a node of the Bitcoin family is, how it lets us in, and which of its wallets pays: all in one URL.

``http://user:password@host:port/wallet/NAME`` with a user of ``rpcauth``, or
``http://host:port/wallet/NAME?cookie=/path/to/.cookie`` with the file that the node writes anew at each start.
Without a wallet path the ledger is read only.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from rollup.core.errors import BadConfig

WALLET_PATH = "/wallet/"


@dataclass(frozen=True, slots=True)
class NodeAccess:
    """``url`` is without the cookie's place. ``wallet`` '' means reading only."""

    url: str
    cookie_file: Path | None
    wallet: str


def read_access(url: str) -> NodeAccess:
    """Raises BadConfig for an address that cannot be a node's."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadConfig("the url is no http address, write http://user:password@host:port/wallet/NAME")
    if parts.path not in ("", "/") and not parts.path.removeprefix(WALLET_PATH).strip("/"):
        raise BadConfig("the url names no wallet, write http://user:password@host:port/wallet/NAME")
    options = parse_qs(parts.query)
    if set(options) - {"cookie"}:
        raise BadConfig("the url has unknown options, the only one is ?cookie=/path/to/.cookie")
    wallet = parts.path.removeprefix(WALLET_PATH).strip("/") if parts.path.startswith(WALLET_PATH) else ""
    if not wallet and parts.path not in ("", "/"):
        raise BadConfig("the url's path is not /wallet/NAME")
    cookie = options.get("cookie")
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
    return NodeAccess(bare, Path(cookie[-1]) if cookie else None, wallet)
