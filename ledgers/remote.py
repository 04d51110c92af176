"""A ledger that another process holds, read over JSON-RPC; and the methods with which a process serves one.

Read-only on both sides. A follower reads a devnet's in-memory ledger this way.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from inspect import signature
from typing import Protocol

from ledgers.wire import (
    decode_answer,
    decode_block,
    decode_head,
    decode_seen,
    encode_block,
    encode_error,
    encode_head,
    encode_seen,
)
from rollup.core.errors import LedgerReorged, LedgerUnavailable, Rejected, Transient, WrongLedger
from rollup.core.ids import LedgerId
from rollup.core.ledger import Ledger, LedgerBlock, LedgerHead, SeenPosting

SPAN_MAX = 512
"""Blocks per question for postings."""

ANSWER_BYTES_MAX = 2_000_000
"""An answer ends behind the block with which its postings pass this size; the next question goes on from there."""

Method = Callable[..., Awaitable[object]]


class RpcCaller(Protocol):
    """One JSON-RPC call; raises Transient when it cannot be answered."""

    async def call(self, method: str, *params: object) -> object: ...


class RemoteLedger:
    """Fits the port `Ledger`. Its word is only as good as the process that serves it."""

    def __init__(self, caller: RpcCaller, ledger_id: LedgerId) -> None:
        self._caller = caller
        self._ledger_id = ledger_id

    @property
    def ledger_id(self) -> LedgerId:
        return self._ledger_id

    async def read_head(self) -> LedgerHead:
        return decode_head(await self._ask("ledger_readHead"))

    async def read_block(self, height: int) -> LedgerBlock:
        return decode_block(await self._ask("ledger_readBlock", height))

    async def read_postings(self, first: int, last: int) -> tuple[SeenPosting, ...]:
        postings: list[SeenPosting] = []
        while first <= last:
            page = await self._ask("ledger_readPostings", first, min(last, first + SPAN_MAX - 1))
            covered = page.get("last") if isinstance(page, dict) else None
            rows = page.get("postings") if isinstance(page, dict) else None
            if not isinstance(covered, int) or not first <= covered <= last or not isinstance(rows, list):
                raise LedgerUnavailable("the node answered no page of postings")
            postings += map(decode_seen, rows)
            first = covered + 1
        return tuple(postings)

    async def _ask(self, method: str, *params: object) -> object:
        """Every question names the ledger, so that a process that now serves another one refuses it."""
        return decode_answer(await self._caller.call(method, self._ledger_id, *params))


def serve_methods(*ledgers: Ledger) -> dict[str, Method]:
    """JSON-RPC methods, by name, for the ledgers that this process holds; to be mounted in a server. Every question
    but the first names its ledger. They raise nothing but Fatal errors."""
    held = {ledger.ledger_id: ledger for ledger in ledgers}

    async def read_identities() -> object:
        return list(held)

    async def read_head(ledger_id: object) -> object:
        return encode_head(await _choose(held, ledger_id).read_head())

    async def read_block(ledger_id: object, height: object) -> object:
        return encode_block(await _choose(held, ledger_id).read_block(_height(height)))

    async def read_postings(ledger_id: object, first: object, last: object) -> object:
        start, end = _height(first), _height(last)
        if end - start >= SPAN_MAX:
            raise Rejected(f"at most {SPAN_MAX} blocks at once")
        return _build_page(await _choose(held, ledger_id).read_postings(start, end), end)

    return {
        "ledger_identity": _answering(read_identities),
        "ledger_readHead": _answering(read_head),
        "ledger_readBlock": _answering(read_block),
        "ledger_readPostings": _answering(read_postings),
    }


def _answering(method: Method) -> Method:
    """Wraps value or error for the way (see `wire`). The signature stays: servers count parameters by it."""
    params_count = len(signature(method).parameters)

    @wraps(method)
    async def answer(*params: object) -> object:
        try:
            if len(params) != params_count:
                raise Rejected(f"{params_count} parameters are wanted")
            return {"value": await method(*params)}
        except (Rejected, Transient, LedgerReorged) as error:
            return encode_error(error)

    return answer


def _choose(held: Mapping[LedgerId, Ledger], ledger_id: object) -> Ledger:
    for known, ledger in held.items():
        if known == ledger_id:
            return ledger
    raise WrongLedger(f"{', '.join(held)}, not {ledger_id}")


def _build_page(postings: tuple[SeenPosting, ...], last: int) -> dict[str, object]:
    """As many whole blocks as fit, at least the first one with postings."""
    rows: list[dict[str, object]] = []
    size = 0
    for index, posting in enumerate(postings):
        if size > ANSWER_BYTES_MAX and posting.height != postings[index - 1].height:
            return {"postings": rows, "last": posting.height - 1}
        rows.append(encode_seen(posting))
        size += 1_000 + (2 * len(posting.batch.body) if posting.batch else 0)
    return {"postings": rows, "last": last}


def _height(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Rejected("a height is a number from 0")
    return value
