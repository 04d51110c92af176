"""What this node's key has signed: at most one digest per kind and number, for ever."""

from threading import Lock

from rollup.core.errors import SignOnceViolation
from rollup.core.ids import Hash
from rollup.store.database import Database
from rollup.store.keys import SIGNED, number_key


class SignOnce:
    """Thread-safe. Rows are never deleted, not by any rewind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()

    def claim(self, kind: str, number: int, digest: Hash) -> None:
        """Synced when it returns; only then may the signature leave the process. The same digest again is no fault.
        Raises SignOnceViolation for another one, DiskFull when it could not be recorded."""
        key = SIGNED.key(kind.encode(), b"\0", number_key(number))
        with self._lock:
            held = self._database.get(key)
            if held is None:
                self._database.write({key: digest})
            elif held != digest:
                raise SignOnceViolation(
                    f"{kind} {number} was signed as {held.hex()}, and now {digest.hex()} asks for a signature: "
                    "is another node running with this key?"
                )

    def digest_of(self, kind: str, number: int) -> Hash | None:
        """What was signed, if anything."""
        held = self._database.get(SIGNED.key(kind.encode(), b"\0", number_key(number)))
        return None if held is None else Hash(held)
