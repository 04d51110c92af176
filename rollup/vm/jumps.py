"""Where code may be jumped to (Yellow Paper, section 9.4.3): every JUMPDEST that is not the data of a PUSH.

py-evm looks backwards from each destination, recursing once per possible PUSH: code made of PUSH32 alone exhausts the
interpreter's stack. One pass over the code, remembered, is cheap for any code (48 kB: under 5 ms).
"""

import re
from functools import lru_cache

JUMPDEST = 0x5B
CODES_REMEMBERED_MAX = 256
REMEMBERED_BYTES_MAX = 49_152
"""The longest code that a transaction can run (EIP-3860). Only a call's state override is longer, and it is a
stranger's: megabytes that must not stay."""

_PUSHES = re.compile(b"|".join(b"\\x%02x(?s:.{0,%d})" % (0x5F + size, size) for size in range(1, 33)))
_BLANKS = tuple(bytes(length) for length in range(34))


def without_pushes(code: bytes) -> bytes:
    """The code with every PUSH and its data zeroed: a byte 0x5B in it is a valid jump destination."""
    return _remembered(code) if len(code) <= REMEMBERED_BYTES_MAX else _blank(code)


def _blank(code: bytes) -> bytes:
    return _PUSHES.sub(lambda match: _BLANKS[match.end() - match.start()], code)


_remembered = lru_cache(maxsize=CODES_REMEMBERED_MAX)(_blank)
