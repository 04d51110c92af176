"""Batches and bytes that no honest sequencer would put on a ledger, built beside a node's real ones."""

from dataclasses import replace

from rollup.core.batch import Batch, BatchHeader, encode_posting, sign_batch
from rollup.core.batch_body import BODY_BYTES_MAX, encode_body
from rollup.core.block import BlockInput
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, BatchNumber, BlockNumber


def follow_header(last: Batch, body: bytes, blocks: int = 1, time: int = 0) -> BatchHeader:
    """A header that comes next in every field that the anchor's rules look at."""
    before = last.header
    stamp = max(before.end_time, time)
    return replace(
        before,
        number=BatchNumber(before.number + 1),
        parent_hash=last.hash,
        first_block=BlockNumber(before.last_block + 1),
        last_block=BlockNumber(before.last_block + blocks),
        last_block_hash=ZERO_HASH,
        data_hash=keccak(body),
        data_length=len(body),
        start_time=stamp,
        end_time=stamp,
    )


def forge_batch(last: Batch, body: bytes, key: bytes) -> Batch:
    """The next batch with this body, whatever the body is."""
    return sign_batch(follow_header(last, body), body, key)


def body_with(last: Batch, *transactions: bytes) -> bytes:
    """One well-formed block that holds these raw transactions."""
    block = BlockInput(
        number=BlockNumber(last.header.last_block + 1),
        timestamp=last.header.end_time,
        transactions=tuple(transactions),
        cursors=(),
        messages=(),
    )
    return encode_body([block])


def hostile_payloads(last: Batch, thief_key: bytes, real_key: bytes, next_body: bytes) -> list[bytes]:
    """What anybody, or a confused operator, may write to the anchor ledger: none of it may count."""
    real = encode_posting(last, with_body=True)
    good = forge_batch(last, next_body, real_key)
    posted = encode_posting(good, with_body=True)
    skipping = sign_batch(
        replace(follow_header(last, next_body), number=BatchNumber(last.header.number + 2)), next_body, real_key
    )
    orphan = sign_batch(replace(follow_header(last, next_body), parent_hash=keccak(b"no parent")), next_body, real_key)
    elsewhere = sign_batch(replace(follow_header(last, next_body), rollup_id=1), next_body, real_key)
    huge = b"\x00" * (BODY_BYTES_MAX + 1)
    return [
        b"",
        b"\x00",
        b"garbage" * 1000,
        real[: len(real) // 2],
        real + b"\x00",
        real,
        posted[:-1] + bytes([posted[-1] ^ 1]),
        encode_posting(good, with_body=False),
        encode_posting(forge_batch(last, next_body, thief_key), with_body=True),
        encode_posting(replace(good, body=next_body + b"\x00"), with_body=True),
        encode_posting(skipping, with_body=True),
        encode_posting(orphan, with_body=True),
        encode_posting(elsewhere, with_body=True),
        encode_posting(sign_batch(follow_header(last, huge), huge, real_key), with_body=True),
        *_bit_flips(posted),
    ]


def _bit_flips(data: bytes) -> list[bytes]:
    """The bytes with one bit flipped, at many places. Those that still decode lack a valid signature or body."""
    places = range(0, len(data), max(len(data) // 40, 1))
    return [data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :] for place in places]
