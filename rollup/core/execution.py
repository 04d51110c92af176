"""The language of the port ``Executor``: blocks to execute, questions about state, answers. No engine classes.

The virtual machine node (``rollup.vm``) implements it. Each caller declares in its own ``ports.py`` the methods it
needs; together they are:

    async head() -> ExecutorHead
    async execute_block(BlockWork) -> BlockResult          commands: strictly in turn
    async rewind(BlockNumber) -> ExecutorHead
    async read_blocks(BlockNumber, int) -> tuple[Block, ...]
    async read_accounts(addresses, BlockNumber | None) -> tuple[AccountState, ...]
    async read_code(Address, BlockNumber | None) -> bytes
    async read_storage(Address, int, BlockNumber | None) -> int
    async call(CallRequest) -> CallResult
    async estimate_gas(CallRequest) -> CallResult

``None`` as a block is the last sealed head. Unknown numbers raise UnknownBlock. read_blocks gives at most 64 at once,
and no block that its caller had declared stored (``stored_through``). A caller that is cancelled does not take back its
command: the block may be sealed, and head() tells. Every method raises VmCrashed once the process is gone, Overloaded
(questions) or ExecutorBusy (commands) when too many are in flight.
"""

from dataclasses import dataclass, field

from rollup.core.block import Block, BlockHeader
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.ids import Address, BlockNumber, Hash


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transaction that may go into a block. The sender was recovered at admission; None makes the VM recover it."""

    raw: bytes
    sender: Address | None = None


@dataclass(frozen=True, slots=True)
class BlockWork:
    """A block to execute on top of ``parent_hash``.

    exact=False (a sequencer builds): candidates are tried in order; those that are invalid now are dropped with their
    reason; the block closes when ``gas``, ``bytes_max`` or ``time_budget_s`` is spent, and the rest is left untried.
    A block without a single transaction is sealed only if ``allow_empty``.
    exact=True (a follower derives): every candidate must be valid and included, else InvalidBlock and nothing is kept;
    no wall-time limit applies, so that every node reaches the same result.

    ``progress`` is an opaque record that is written in the same atomic write as the block and comes back from head().
    ``stored_through`` tells the VM up to which block its caller holds the blocks durably, so that it may forget them.
    """

    number: BlockNumber
    parent_hash: Hash
    timestamp: int
    candidates: tuple[Candidate, ...]
    cursors: tuple[Cursor, ...] = ()
    messages: tuple[LedgerMessage, ...] = ()
    exact: bool = False
    allow_empty: bool = True
    bytes_max: int = 100_000
    time_budget_s: float = 0.5
    progress: bytes | None = None
    stored_through: BlockNumber | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that was not included: ``error`` is the class name in core.errors, ``message`` its full words.

    ``final`` is False when the same transaction may become valid later (nonce gap, funds, fee).
    """

    transaction_hash: Hash
    error: str
    message: str
    final: bool


@dataclass(frozen=True, slots=True)
class AccountState:
    address: Address
    nonce: int
    balance: int
    code_hash: Hash
    storage_root: Hash


@dataclass(frozen=True, slots=True)
class BlockResult:
    """``block`` is None only when nothing was included and the work did not allow an empty block.

    ``tried`` counts the candidates that were looked at; ``accounts`` are the states after the block of every account
    that the block touched.
    """

    block: Block | None
    tried: int
    dropped: tuple[Dropped, ...]
    accounts: tuple[AccountState, ...]
    execution_s: float


@dataclass(frozen=True, slots=True)
class ExecutorHead:
    header: BlockHeader
    progress: bytes
    genesis_hash: Hash


@dataclass(frozen=True, slots=True)
class AccountOverride:
    """State override of eth_call (geth's object): ``state`` replaces all storage, ``state_diff`` single slots."""

    nonce: int | None = None
    balance: int | None = None
    code: bytes | None = None
    state: tuple[tuple[int, int], ...] | None = None
    state_diff: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A message call or creation (``to`` None) on the state after ``block`` (None: head). Wei and gas."""

    sender: Address
    to: Address | None
    data: bytes = b""
    value: int = 0
    gas: int | None = None
    max_fee: int = 0
    max_tip: int = 0
    access_list: tuple[tuple[Address, tuple[int, ...]], ...] = ()
    block: BlockNumber | None = None
    overrides: tuple[tuple[Address, AccountOverride], ...] = ()
    authorizations: tuple[bytes, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class CallResult:
    """A revert is a value: ``reverted`` with the revert data in ``output``. ``error`` holds geth's words for any other
    failure (``out of gas``, ``invalid opcode: INVALID``, ...), '' on success. For estimates ``gas_used`` is the gas
    limit that suffices."""

    output: bytes
    gas_used: int
    reverted: bool
    error: str
