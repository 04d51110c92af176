"""A second reader of batch bodies, written from docs/protocol.md alone: slow, trusting, without the project's codec.

It reads what is valid and checks nothing; that it comes to the same transactions shows that the text says enough.
"""

from typing import Any

import brotli
import rlp
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature


def integer(data: bytes) -> int:
    return int.from_bytes(data, "big")


def compact(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def uints(column: bytes, count: int) -> list[int]:
    """Section 4.2."""
    return [integer(bytes(column[place::count])) for place in range(count)]


def numbers(column: list[bytes]) -> list[int]:
    """Section 4.2."""
    zeros, lengths, digits = column
    at = {}
    offset = 0
    for length in range(33):
        at[length] = offset
        offset += length * lengths.count(length)
    seen = dict.fromkeys(range(33), 0)
    values = []
    for zero, length in zip(zeros, lengths, strict=True):
        rows = lengths.count(length)
        mantissa = bytes(digits[at[length] + plane * rows + seen[length]] for plane in range(length))
        seen[length] += 1
        values.append(integer(mantissa) * 10**zero)
    return values


def read_transactions(body: bytes) -> list[bytes]:
    """Raw transactions of all blocks, in order."""
    signatures, packed = rlp.decode(body[1:])
    columns = rlp.decode(brotli.decompress(packed))[5]
    count = len(signatures) // 64
    shapes = columns[1]
    kinds = uints(columns[0], count)
    order = [index for kind in range(len(shapes)) for index in range(count) if kinds[index] == kind]
    rows: dict[int, dict[str, Any]] = {index: {"shape": shapes[kinds[index]]} for index in order}
    read_plain_fields(columns, rows, order)
    cut_fields(columns, rows, order, [(shape, kinds.count(kind)) for kind, shape in enumerate(shapes)])
    for position, access, authorizations in columns[13]:
        rows[integer(position)].update(access=access, authorizations=authorizations)
    return rebuild_all(rows, columns[9], [signatures[64 * index : 64 * index + 64] for index in range(count)])


def read_plain_fields(columns: list[Any], rows: dict[int, dict[str, Any]], order: list[int]) -> None:
    """Sections 4.6 and 4.7."""
    count = len(order)
    recent: list[int] = []
    caps, gaps = numbers(columns[4]), numbers(columns[5])
    loose = [index for index in order if not rows[index]["shape"][3]]
    lengths = dict(zip(loose, uints(columns[11], len(loose)), strict=True))
    offset = 0
    fields = zip(
        order,
        uints(columns[2], count),
        uints(columns[3], count),
        uints(columns[6], count),
        numbers(columns[7]),
        strict=True,
    )
    for index, nonce, recency, gas, value in fields:
        pair = recent.pop(recency - 1) if recency else len(recent)
        recent.insert(0, pair)
        data = columns[12][offset : offset + lengths.get(index, 0)]
        offset += len(data)
        rows[index].update(nonce=nonce, cap=caps[pair], tip=caps[pair] - gaps[pair], gas=gas, value=value, loose=data)


def cut_fields(columns: list[Any], rows: dict[int, Any], order: list[int], shapes: list[tuple[Any, int]]) -> None:
    """Sections 4.5 and 4.8: places and number words, shape by shape and column-wise."""
    words_of = [[integer(shape[5]) >> word & 1 for word in range(integer(shape[4]))] for shape, _ in shapes]
    slots = [integer(shape[2]) + sum(words) for (shape, _), words in zip(shapes, words_of, strict=True)]
    total = sum(width * size for width, (_, size) in zip(slots, shapes, strict=True))
    places, fresh = [], 0
    for place in uints(columns[8], total):
        places.append(place - 1 if place else fresh)
        fresh += not place
    values = numbers(columns[10])
    for (_, size), words, width in zip(shapes, words_of, slots, strict=True):
        group, order = order[:size], order[size:]
        for row, index in enumerate(group):
            rows[index]["is_address"] = words
            rows[index]["places"] = [places[field * size + row] for field in range(width)]
            rows[index]["numbers"] = [values[field * size + row] for field in range(len(words) - sum(words))]
        places, values = places[width * size :], values[(len(words) - sum(words)) * size :]


def rebuild_all(rows: dict[int, Any], literals: bytes, signatures: list[bytes]) -> list[bytes]:
    """Section 4.8."""
    table = [literals[at : at + 20] for at in range(0, len(literals), 20)]
    built: dict[int, bytes] = {}
    while len(built) < len(rows):
        index = next(
            index
            for index in range(len(rows))
            if index not in built and all(place < len(table) for place in rows[index]["places"])
        )
        addresses = [table[place] for place in rows[index]["places"]]
        built[index], signing_hash = rebuild(rows[index], addresses, signatures[index])
        sender = recover(signing_hash, signatures[index])
        if sender is not None and sender not in table:
            table.append(sender)
    return [built[index] for index in range(len(rows))]


def rebuild(row: dict[str, Any], addresses: list[bytes], signature: bytes) -> tuple[bytes, bytes]:
    """The raw transaction and what was signed."""
    envelope, chain_id, has_recipient, selector = row["shape"][:4]
    to = addresses.pop(0) if has_recipient else b""
    data = row["loose"]
    if selector:
        left, values = iter(addresses), iter(row["numbers"])
        data = selector + b"".join(
            bytes(12) + next(left) if is_address else next(values).to_bytes(32, "big")
            for is_address in row["is_address"]
        )
    parity, s = divmod(integer(signature[32:]), 2**255)
    end = [compact(integer(signature[:32])), compact(s)]
    nonce, cap, tip = compact(row["nonce"]), compact(row["cap"]), compact(row["tip"])
    call = [compact(row["gas"]), to, compact(row["value"]), data]
    if envelope in (b"", b"\x05"):
        signed = [nonce, cap, *call, *([chain_id, b"", b""] if envelope else [])]
        v = compact(35 + 2 * integer(chain_id) + parity if envelope else 27 + parity)
        return rlp.encode([nonce, cap, *call, v, *end]), keccak(rlp.encode(signed))
    fees = [cap] if envelope == b"\x01" else [tip, cap]
    lists = [row.get("access", []), *([row.get("authorizations", [])] if envelope == b"\x04" else [])]
    signed = [chain_id, nonce, *fees, *call, *lists]
    return envelope + rlp.encode([*signed, compact(parity), *end]), keccak(envelope + rlp.encode(signed))


def recover(signing_hash: bytes, signature: bytes) -> bytes | None:
    parity, s = divmod(integer(signature[32:]), 2**255)
    try:
        signed = Signature(vrs=(parity, integer(signature[:32]), s))
        return signed.recover_public_key_from_msg_hash(signing_hash).to_canonical_address()
    except (BadSignature, ValueError):
        return None
