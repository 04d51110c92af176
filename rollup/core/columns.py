"""Columns of numbers: the same field of many rows laid side by side, so that a byte compressor sees what repeats.

Two forms. *Planes* for small integers (nonces, gas, indexes): all most significant bytes first, then the next, and so
on. *Numbers* for amounts up to 256 bits, which people write with trailing decimal zeros: ``mantissa * 10**zeros``, kept
as counts of zeros, byte lengths, and the mantissas' bytes in planes, shortest mantissas first.
Every list of values has one form; readers check lengths, and the body's codec checks that the form was this one.
"""

from collections.abc import Iterator, Sequence

from rollup.core.errors import MalformedBatch

PLANE_BYTES_MAX = 8
WORD_BYTES = 32
DECIMAL_ZEROS_MAX = 77
"""10**77 is the largest power of ten below 2**256."""


def pack_uints(values: Sequence[int]) -> bytes:
    """Planes as wide as the largest value needs, most significant first; nothing at all when every value is zero."""
    width = (max(values, default=0).bit_length() + 7) // 8
    if width > PLANE_BYTES_MAX:
        raise MalformedBatch(f"a column of integers holds at most {8 * PLANE_BYTES_MAX} bits a value")
    rows = b"".join([value.to_bytes(width, "big") for value in values])
    return b"".join([rows[plane::width] for plane in range(width)])


def unpack_uints(column: bytes, count: int) -> list[int]:
    """Inverse of pack_uints for a known number of values. Raises MalformedBatch."""
    width = len(column) // count if count else 0
    if width > PLANE_BYTES_MAX or width * count != len(column):
        raise MalformedBatch("a column's length does not fit its rows")
    if not width:
        return [0] * count
    return [int.from_bytes(column[row::count], "big") for row in range(count)]


def pack_numbers(values: Sequence[int]) -> list[bytes]:
    """Three columns: decimal zeros, mantissa lengths, mantissas. Values are below 2**256."""
    zeros, mantissas = bytearray(), []
    for value in values:
        mantissa, count = _split_zeros(value)
        zeros.append(count)
        mantissas.append(mantissa.to_bytes((mantissa.bit_length() + 7) // 8, "big"))
    lengths = bytes(map(len, mantissas))
    return [bytes(zeros), lengths, _pack_mantissas(mantissas)]


def unpack_numbers(columns: Sequence[bytes], count: int) -> list[int]:
    """Inverse of pack_numbers. Raises MalformedBatch, also for a value of more than 256 bits."""
    zeros, lengths, digits = columns
    if len(zeros) != count or len(lengths) != count or sum(lengths) != len(digits):
        raise MalformedBatch("a column's length does not fit its rows")
    if max(zeros, default=0) > DECIMAL_ZEROS_MAX or max(lengths, default=0) > WORD_BYTES:
        raise MalformedBatch("a number of more than 256 bits")
    mantissas = _unpack_mantissas(lengths, digits)
    values = [next(mantissas[length]) * 10**zero for zero, length in zip(zeros, lengths, strict=True)]
    if max(values, default=0).bit_length() > 8 * WORD_BYTES:
        raise MalformedBatch("a number of more than 256 bits")
    return values


def _split_zeros(value: int) -> tuple[int, int]:
    zeros = 0
    while value and value % 10 == 0:
        value //= 10
        zeros += 1
    return value, zeros


def _pack_mantissas(mantissas: Sequence[bytes]) -> bytes:
    by_length: dict[int, list[bytes]] = {}
    for mantissa in mantissas:
        by_length.setdefault(len(mantissa), []).append(mantissa)
    parts = []
    for length in sorted(by_length):
        rows = b"".join(by_length[length])
        parts += [rows[plane::length] for plane in range(length)]
    return b"".join(parts)


def _unpack_mantissas(lengths: bytes, digits: bytes) -> dict[int, Iterator[int]]:
    mantissas: dict[int, Iterator[int]] = {}
    offset = 0
    for length in sorted(set(lengths)):
        count = lengths.count(length)
        rows = digits[offset : offset + length * count]
        offset += length * count
        mantissas[length] = iter([int.from_bytes(rows[row::count], "big") for row in range(count)])
    return mantissas


def split_groups(values: Sequence[int], groups: Sequence[tuple[int, int]]) -> list[list[list[int]]]:
    """Cut a column back into rows. A group is (rows, width): its rows' first fields, then their second, and so on.
    Raises MalformedBatch when the groups do not add up to the column."""
    if sum(rows * width for rows, width in groups) != len(values):
        raise MalformedBatch("a column's length does not fit its rows")
    cut, offset = [], 0
    for rows, width in groups:
        end = offset + rows * width
        cut.append([list(values[offset + row : end : rows]) for row in range(rows)])
        offset = end
    return cut
