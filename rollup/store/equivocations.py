"""Proofs that a sequencer signed twice. Kept for ever: they are evidence."""

from rollup.core.equivocation import Equivocation, decode_equivocation, encode_equivocation
from rollup.core.errors import MalformedBatch, StoreCorrupted
from rollup.core.hashes import keccak
from rollup.store.database import Database
from rollup.store.keys import EQUIVOCATIONS, number_key


class EquivocationStore:
    """Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, proof: Equivocation) -> None:
        """Synced when it returns; the same proof again is no fault."""
        record = encode_equivocation(proof)
        self._database.write({EQUIVOCATIONS.key(number_key(proof.number), keccak(record)[:8]): record})

    def all(self) -> tuple[Equivocation, ...]:
        """By batch number. Raises StoreCorrupted."""
        try:
            return tuple(decode_equivocation(record) for _, record in self._database.scan(EQUIVOCATIONS.prefix))
        except MalformedBatch as error:
            raise StoreCorrupted(f"{self._database.path}: a proof of equivocation is damaged: {error}") from error
