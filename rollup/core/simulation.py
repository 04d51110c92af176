"""The language of ``Executor.simulate``: blocks that never were, on top of one that is (eth_simulateV1)."""

from dataclasses import dataclass, field

from rollup.core.block import Block, Log
from rollup.core.execution import NO_BLOCK_OVERRIDE, BlockOverride, StateOverrides
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.transaction import AccessList, Authorization, Transaction


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """An unsigned transaction; None: chosen by the simulation. A ``gas_price`` makes it a legacy one. Wei and gas.

    ``nonce`` None is the sender's; ``gas`` None what the block has left. ``blob_hashes`` and ``authorizations`` that
    are not None make a transaction of type 3 and 4.
    """

    sender: Address
    to: Address | None = None
    data: bytes = b""
    value: int = 0
    gas: int | None = None
    nonce: int | None = None
    gas_price: int | None = None
    max_fee: int = 0
    max_tip: int = 0
    access_list: AccessList = ()
    authorizations: tuple[Authorization, ...] | None = None
    blob_hashes: tuple[Hash, ...] | None = None
    max_blob_fee: int = 0


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """One block: what it says of itself, what the state is made to be before it, and its calls in order."""

    context: BlockOverride = NO_BLOCK_OVERRIDE
    overrides: StateOverrides = ()
    calls: tuple[SimulatedCall, ...] = ()


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """Steps on top of ``block`` (None: head). ``validates`` checks nonces and fees as a block would; ``logs_transfers``
    adds a log for every transfer of ether, which no receipt holds."""

    steps: tuple[SimulatedStep, ...]
    block: BlockNumber | None = None
    validates: bool = False
    logs_transfers: bool = False


@dataclass(frozen=True, slots=True)
class SimulatedLog:
    """``number`` counts the logs of the block, those that were taken back included. A transfer is in no receipt."""

    log: Log
    number: int
    is_transfer: bool


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """``output`` is what the code returned or reverted with. ``error`` is '' on success, else geth's words, those of a
    revert included. ``gas_used_max`` is the gas before the refund: what had to be there."""

    output: bytes
    logs: tuple[SimulatedLog, ...]
    gas_used: int
    gas_used_max: int
    error: str
    reverted: bool


@dataclass(frozen=True, slots=True)
class SimulatedBlock:
    """A whole block with its hash and roots; its transactions are unsigned, and also there as values."""

    block: Block
    transactions: tuple[Transaction, ...] = field(default=())
    calls: tuple[CallOutcome, ...] = field(default=())
