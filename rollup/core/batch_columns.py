"""The transactions of a batch as columns, and back (protocol section 3).

Rows are sorted by shape, shapes in the order in which they first appear, so that within a column equal kinds stand
together. Nothing here compresses, and nothing judges whether the columns are the canonical ones: ``batch_body`` does.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TypeVar

from rollup.core.address_table import RebuildOrder, choose_literals, index_addresses
from rollup.core.columns import pack_numbers, pack_uints, split_groups, unpack_numbers, unpack_uints
from rollup.core.errors import MalformedBatch
from rollup.core.ids import Address
from rollup.core.rlp_items import read_bytes, read_items, read_uint, uint_bytes
from rollup.core.transaction_rows import (
    Row,
    Shape,
    build_raw,
    find_sender,
    pack_signature,
    read_row,
    read_shape,
    shape_fields,
)

COLUMNS = 14
SIGNATURE_BYTES = 64
Entry = TypeVar("Entry", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What the columns say, in transaction order: rows, places of their addresses in the table, its literals."""

    rows: list[Row]
    places: list[list[int]]
    literals: list[Address]


@dataclass(frozen=True, slots=True)
class _Built:
    """A transaction rebuilt, and read again as a writer would."""

    raw: bytes
    row: Row
    slots: tuple[Address, ...]
    sender: Address | None


def encode_transactions(raws: Sequence[bytes]) -> tuple[list[object], bytes]:
    """Columns and packed signatures. Raises MalformedBatch for a transaction that no block may contain."""
    read = [read_row(raw) for raw in raws]
    signatures = b"".join([pack_signature(transaction) for transaction, _, _ in read])
    senders = [find_sender(transaction) for transaction, _, _ in read]
    return _build_columns([row for _, row, _ in read], [slots for _, _, slots in read], senders), signatures


def decode_transactions(columns: object, signatures: bytes) -> list[bytes]:
    """Inverse of encode_transactions. Raises MalformedBatch unless the columns are the only ones for their content."""
    items = read_items(columns, COLUMNS)
    parsed = _read_columns(items, len(signatures) // SIGNATURE_BYTES)
    table, order = list(parsed.literals), RebuildOrder[int](parsed.places)
    for place in range(len(table)):
        order.know(place)
    known = set(table)
    built: dict[int, _Built] = {}
    while (index := order.take()) is not None:
        addresses = [table[place] for place in parsed.places[index]]
        one = _rebuild(parsed.rows[index], addresses, signatures[64 * index : 64 * index + 64])
        built[index] = one
        if one.sender is not None and one.sender not in known:
            known.add(one.sender)
            table.append(one.sender)
            order.know(len(table) - 1)
    if len(built) != len(parsed.rows):
        raise MalformedBatch("an address that no transaction gives")
    all_built = [built[index] for index in range(len(built))]
    columns_again = _build_columns(
        [one.row for one in all_built], [one.slots for one in all_built], [one.sender for one in all_built]
    )
    if columns_again != items:
        raise MalformedBatch("not the canonical columns of these transactions")
    return [one.raw for one in all_built]


def _rebuild(row: Row, addresses: Sequence[Address], signature: bytes) -> _Built:
    raw = build_raw(row, addresses, signature)
    transaction, row_again, slots = read_row(raw)
    return _Built(raw, row_again, slots, find_sender(transaction))


def _build_columns(
    rows: Sequence[Row], slots: Sequence[Sequence[Address]], senders: Sequence[Address | None]
) -> list[object]:
    shapes = list(dict.fromkeys(row.shape for row in rows))
    place = {shape: index for index, shape in enumerate(shapes)}
    kinds = [place[row.shape] for row in rows]
    groups = _group_rows(kinds, len(shapes))
    ordered = [rows[index] for index in chain.from_iterable(groups)]
    fees = list(dict.fromkeys((row.max_fee, row.max_tip) for row in ordered))
    loose = [row.loose for row in ordered if not row.shape.selector]
    addresses = _by_column([[slots[index] for index in group] for group in groups])
    literal = choose_literals(slots, senders)
    literals = [address for address in dict.fromkeys(addresses) if address in literal]
    return [
        pack_uints(kinds),
        [shape_fields(shape) for shape in shapes],
        pack_uints([row.nonce for row in ordered]),
        _pack_recency([(row.max_fee, row.max_tip) for row in ordered]),
        pack_numbers([fee for fee, _ in fees]),
        pack_numbers([fee - tip for fee, tip in fees]),
        pack_uints([row.gas for row in ordered]),
        pack_numbers([row.value for row in ordered]),
        _pack_places(addresses, index_addresses(literals, slots, senders), len(literals)),
        b"".join(literals),
        pack_numbers(_by_column([[rows[index].numbers for index in group] for group in groups])),
        pack_uints([len(data) for data in loose]),
        b"".join(loose),
        [[uint_bytes(index), *row.extras] for index, row in enumerate(rows) if any(row.extras)],
    ]


def _group_rows(kinds: Sequence[int], count: int) -> list[list[int]]:
    """Positions of the rows of each shape, in order."""
    groups: list[list[int]] = [[] for _ in range(count)]
    for index, kind in enumerate(kinds):
        if kind >= count:
            raise MalformedBatch("a shape that is not listed")
        groups[kind].append(index)
    return groups


def _by_column(groups: Sequence[Sequence[Sequence[Entry]]]) -> list[Entry]:
    """Within each group the first field of every row, then the second, and so on."""
    return [field for group in groups for column in zip(*group, strict=True) for field in column]


def _pack_places(values: Sequence[Entry], places: dict[Entry, int], fresh: int) -> bytes:
    """Place plus one of every value; zero for the first use of the next of the first ``fresh`` entries."""
    indexes, used = [], 0
    for value in values:
        place = places[value]
        first = place == used and place < fresh
        used += first
        indexes.append(0 if first else place + 1)
    return pack_uints(indexes)


def _unpack_places(column: bytes, count: int) -> list[int]:
    """Inverse of _pack_places."""
    places, used = [], 0
    for index in unpack_uints(column, count):
        places.append(index - 1 if index else used)
        used += not index
    return places


def _pack_recency(values: Sequence[Entry]) -> bytes:
    """How many other values were used since each was used last, plus one; zero for a value that is new."""
    numbered: dict[Entry, int] = {}
    recent: list[int] = []
    indexes = []
    for value in values:
        place = numbered.setdefault(value, len(numbered))
        index = 0 if place == len(recent) else recent.index(place) + 1
        recent.insert(0, recent.pop(index - 1) if index else place)
        indexes.append(index)
    return pack_uints(indexes)


def _unpack_recency(column: bytes, count: int) -> list[int]:
    """For every row the place of its value among the values in the order of their first use."""
    places: list[int] = []
    recent: list[int] = []
    for index in unpack_uints(column, count):
        if index > len(recent):
            raise MalformedBatch("an index beyond what was used")
        place = recent.pop(index - 1) if index else len(recent)
        recent.insert(0, place)
        places.append(place)
    return places


def _read_columns(items: Sequence[object], count: int) -> _Parsed:
    shapes = [read_shape(fields) for fields in read_items(items[1])]
    groups = _group_rows(unpack_uints(read_bytes(items[0]), count), len(shapes))
    sized = [(shape, len(group)) for shape, group in zip(shapes, groups, strict=True)]
    widths = [(size, shape.slots) for shape, size in sized]
    indexes = _unpack_places(read_bytes(items[8]), sum(size * width for size, width in widths))
    numbers = split_groups(_read_numbers(items[10]), [(size, shape.numbers) for shape, size in sized])
    sorted_shapes = [shape for shape, size in sized for _ in range(size)]
    order = list(chain.from_iterable(groups))
    extras = _read_extras(items[13])
    fields = zip(
        order,
        sorted_shapes,
        unpack_uints(read_bytes(items[2]), count),
        _read_fees(items, count),
        unpack_uints(read_bytes(items[6]), count),
        _read_numbers(items[7], count),
        chain.from_iterable(numbers),
        _read_loose(items, sorted_shapes),
        strict=True,
    )
    rows = {
        index: Row(shape, nonce, fee, tip, gas, value, words, data, extras.get(index, ([], [])))
        for index, shape, nonce, (fee, tip), gas, value, words, data in fields
    }
    places = dict(zip(order, chain.from_iterable(split_groups(indexes, widths)), strict=True))
    return _Parsed(
        rows=[rows[index] for index in range(count)],
        places=[places[index] for index in range(count)],
        literals=_read_literals(items[9]),
    )


def _read_numbers(item: object, count: int | None = None) -> list[int]:
    columns = [read_bytes(column) for column in read_items(item, 3)]
    return unpack_numbers(columns, len(columns[0]) if count is None else count)


def _read_fees(items: Sequence[object], count: int) -> list[tuple[int, int]]:
    """Fee cap and tip of every row."""
    caps = _read_numbers(items[4])
    tips = [cap - below for cap, below in zip(caps, _read_numbers(items[5], len(caps)), strict=True)]
    places = _unpack_recency(read_bytes(items[3]), count)
    if min(tips, default=0) < 0 or max(places, default=-1) >= len(caps):
        raise MalformedBatch("a fee that is not listed, or a tip below zero")
    return [(caps[place], tips[place]) for place in places]


def _read_loose(items: Sequence[object], shapes: Sequence[Shape]) -> list[bytes]:
    """Call data of the rows that keep it whole, nothing for the others."""
    lengths = unpack_uints(read_bytes(items[11]), sum(not shape.selector for shape in shapes))
    data = read_bytes(items[12])
    if sum(lengths) != len(data):
        raise MalformedBatch("call data's length does not fit its rows")
    ends = iter(accumulate(lengths))
    left = iter(lengths)
    loose = []
    for shape in shapes:
        length, end = (0, 0) if shape.selector else (next(left), next(ends))
        loose.append(data[end - length : end])
    return loose


def _read_literals(item: object) -> list[Address]:
    data = read_bytes(item)
    if len(data) % 20:
        raise MalformedBatch("addresses have 20 bytes")
    return [Address(data[at : at + 20]) for at in range(0, len(data), 20)]


def _read_extras(item: object) -> dict[int, tuple[object, object]]:
    """Access list and authorizations of the rows that have any. Checks the nesting; the rest shows when rebuilt."""
    extras: dict[int, tuple[object, object]] = {}
    for fields in read_items(item):
        position, access, authorizations = read_items(fields, 3)
        extras[read_uint(position, 4)] = (
            [_read_access(read_items(row, 2)) for row in read_items(access)],
            [[read_bytes(field) for field in read_items(row, 6)] for row in read_items(authorizations)],
        )
    return extras


def _read_access(row: Sequence[object]) -> list[object]:
    return [read_bytes(row[0]), [read_bytes(key) for key in read_items(row[1])]]
