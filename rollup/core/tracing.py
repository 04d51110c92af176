"""The language in which traces are asked for: which block, which transactions, which tracer.

A trace is JSON text, as geth's tracers write it: the virtual machine process encodes it, and nobody on the way to the
client looks inside. TRACER_NAMES are the tracers that exist; '' is the one that records every instruction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rollup.core.block import BlockHeader
from rollup.core.execution import CallRequest
from rollup.core.ids import Address, BlockNumber, Hash

STRUCT_LOGGER = ""
ROOT_TRACER = "rootTracer"
"""Not geth's and no tracer: the state root after each transaction. Offered under no name."""
REPLAY_TRACER = "replayTracer"
"""Not geth's: what ``trace_replay*`` shows, of the kinds in its option ``kinds``."""
TRACER_NAMES = frozenset(
    {
        STRUCT_LOGGER,
        "4byteTracer",
        "callTracer",
        "flatCallTracer",
        "muxTracer",
        "noopTracer",
        "prestateTracer",
        REPLAY_TRACER,
    }
)


@dataclass(frozen=True, slots=True)
class TracerSpec:
    """``options`` are plain JSON values by geth's names; an unknown one is ignored."""

    name: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BlockTraceRequest:
    """Transactions ``first`` to ``stop`` (not included) of a sealed block, run on the state after its parent.

    The answer may hold fewer traces than that, but at least one: ask again for the rest.
    """

    header: BlockHeader
    transactions: tuple[bytes, ...]
    senders: tuple[Address, ...]
    first: int
    stop: int
    tracer: TracerSpec


@dataclass(frozen=True, slots=True)
class CallTraceRequest:
    """A call on the state that it names."""

    call: CallRequest
    tracer: TracerSpec


@dataclass(frozen=True, slots=True)
class StorageRangeRequest:
    """Slots of an account after ``block`` in the order of their hashes, from ``start`` (a hash or how one begins)."""

    address: Address
    block: BlockNumber
    start: bytes
    count_max: int


@dataclass(frozen=True, slots=True)
class StorageRange:
    """Hashes of slots with their values, and the hash of the first slot that was left out."""

    slots: tuple[tuple[Hash, int], ...]
    next_hash: Hash | None


@dataclass(frozen=True, slots=True)
class TracePlace:
    """Where a traced transaction is in the chain."""

    block_hash: Hash
    block_number: int
    transaction_hash: Hash
    index: int
