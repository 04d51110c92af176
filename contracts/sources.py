"""The Solidity sources behind the artefacts: which files a contract is made of, and one hash over them.

An artefact carries the hash of its sources, so that a changed source with a stale artefact is noticed without a
compiler. The library's sources are not hashed: the lock file beside package.json fixes them.
"""

import re
from importlib.resources import files

from rollup.core.hashes import keccak
from rollup.core.ids import Hash

_IMPORT = re.compile(r'^import\s[^;]*?"\./(?P<name>[^"/]+\.sol)";', re.MULTILINE)


def read_source(file_name: str) -> str:
    """Text of ``contracts/src/<file_name>``. Raises FileNotFoundError."""
    return files("contracts").joinpath("src", file_name).read_text(encoding="utf-8")


def read_closure(contract: str) -> dict[str, str]:
    """The contract's own source and every project source that it imports, by file name, in sorted order."""
    found: dict[str, str] = {}
    waiting = [f"{contract}.sol"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = read_source(name)
            waiting += _IMPORT.findall(found[name])
    return dict(sorted(found.items()))


def source_hash(contract: str) -> Hash:
    """Keccak-256 over names and texts of the closure, each preceded by its length."""
    parts = [part.encode() for item in read_closure(contract).items() for part in item]
    return keccak(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
