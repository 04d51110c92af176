"""Tables of the store and the form of their keys. Numbers are 8 bytes big endian, so that key order is their order."""

from rollup.store.database import Table

BLOCKS = Table(b"b")
HEADERS = Table(b"h")
BLOCK_NUMBERS = Table(b"n")
TRANSACTIONS = Table(b"t")
LOGS = Table(b"l")
BATCHES = Table(b"B")
BATCH_ENDS = Table(b"E")
JOURNAL = Table(b"j")
SIGNED = Table(b"s")
POSTINGS = Table(b"o")
OPEN_POSTINGS = Table(b"O")
PROGRESS = Table(b"p")
EQUIVOCATIONS = Table(b"e")


def number_key(number: int) -> bytes:
    return number.to_bytes(8, "big")


def read_number(key: bytes) -> int:
    """The number at the end of a key (or a value that is one)."""
    return int.from_bytes(key[-8:], "big")
