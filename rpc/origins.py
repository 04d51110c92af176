"""Which browser origins may open a WebSocket: geth's rules (``--ws.origins``).

A rule may leave scheme or port out: ``example.org`` allows every scheme and port. Programs send no Origin and pass.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

ANY = "*"


@dataclass(frozen=True, slots=True)
class _Origin:
    scheme: str
    host: str
    port: int | None


def is_origin_allowed(origin: str | None, rules: tuple[str, ...]) -> bool:
    """Without rules, pages of this machine only."""
    if not origin or ANY in rules:
        return True
    asked = _parse(origin)
    if asked is None:
        return False
    return any(_fits(asked, _parse(rule)) for rule in rules or ("localhost",))


def _fits(asked: _Origin, rule: _Origin | None) -> bool:
    if rule is None or rule.host != asked.host:
        return False
    return rule.scheme in ("", asked.scheme) and rule.port in (None, asked.port)


def _parse(text: str) -> _Origin | None:
    try:
        parts = urlsplit(text.lower() if "://" in text else f"//{text.lower()}")
        return _Origin(parts.scheme, parts.hostname, parts.port) if parts.hostname else None
    except ValueError:
        return None
