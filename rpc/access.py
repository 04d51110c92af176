"""Who may call a listener: anybody, or who brings an HS256 JSON Web Token as geth's authenticated port takes it
(``iat`` within a minute), or a fixed API key. Either one suffices where both are set.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rpc.json_codec import BadJson, decode_json

ISSUED_AT_SLACK_S = 60
TOKEN_CHARACTERS_MAX = 8192


@dataclass(frozen=True, slots=True)
class AccessRules:
    """``jwt_secret``: 32 bytes shared with the callers. ``api_keys``: what callers send as ``Authorization: Bearer`` or
    ``X-API-Key``. Neither: everybody may call. Its repr shows no secret."""

    jwt_secret: bytes | None = None
    api_keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"AccessRules(jwt={self.jwt_secret is not None}, api_keys={len(self.api_keys)})"


class Gate:
    """Judges the headers of a request."""

    def __init__(self, rules: AccessRules, clock: Callable[[], float] = time.time) -> None:
        self._secret = rules.jwt_secret
        self._key_digests = tuple(_digest(key) for key in rules.api_keys)
        self._clock = clock
        self.is_open = rules.jwt_secret is None and not rules.api_keys

    def find_fault(self, headers: Mapping[str, str]) -> str | None:
        """Why the caller may not call, in geth's words; None when it may."""
        if self.is_open:
            return None
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else headers.get("X-API-Key", "")
        if not token:
            return "missing token"
        if len(token) > TOKEN_CHARACTERS_MAX:
            return "token is too long"
        if self._is_known(token):
            return None
        if self._secret is None:
            return "unknown API key"
        return _find_token_fault(token, self._secret, self._clock())

    def _is_known(self, token: str) -> bool:
        """Digests are compared, all of them: time tells nothing of the keys."""
        asked = _digest(token)
        return sum(hmac.compare_digest(asked, known) for known in self._key_digests) > 0


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _find_token_fault(token: str, secret: bytes, now: float) -> str | None:
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        return "token is malformed"
    try:
        header, claims = (decode_json(_decode_part(part)) for part in parts[:2])
        signature = _decode_part(parts[2])
    except (BadJson, binascii.Error):
        return "token is malformed"
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "HS256":
        return "signing method is not HS256"
    wanted = hmac.new(secret, f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(signature, wanted):
        return "signature is invalid"
    return _find_time_fault(claims, now)


def _find_time_fault(claims: dict[str, object], now: float) -> str | None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        return "missing issued-at"
    if expires is not None and (not isinstance(expires, int | float) or expires < now):
        return "token is expired"
    if now - issued > ISSUED_AT_SLACK_S:
        return "stale token"
    if issued - now > ISSUED_AT_SLACK_S:
        return "future token"
    return None


def _decode_part(part: str) -> bytes:
    """Base64url without padding (RFC 7515)."""
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
