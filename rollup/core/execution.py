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
    async create_access_list(CallRequest) -> AccessListResult
    async read_slots(SlotRequest) -> tuple[tuple[int, ...], ...]
    async read_proof(Address, slots, BlockNumber | None) -> AccountProof
    async simulate(SimulationRequest) -> tuple[SimulatedBlock, ...]     rollup.core.simulation
    async build_payload(PayloadRequest) -> BuiltPayload                 rollup.core.payload

``None`` as a block is the last sealed head. Unknown numbers raise UnknownBlock. read_blocks gives at most 64 at once,
and no block that its caller had declared stored (``stored_through``). A caller that is cancelled does not take back its
command: the block may be sealed, and head() tells. Every method raises VmCrashed once the process is gone, Overloaded
(questions) or ExecutorBusy (commands) when too many are in flight.
"""

from dataclasses import dataclass

from rollup.core.block import Block, BlockHeader, Withdrawal
from rollup.core.cursor import Cursor, LedgerMessage
from rollup.core.ids import Address, BlockNumber, Hash
from rollup.core.transaction import Authorization


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
    """State override of eth_call (geth's object): ``state`` replaces all storage, ``state_diff`` single slots.

    ``precompile_to`` moves the precompiled contract at this address to another one; whatever else an override of a
    precompile's address says, its code no longer runs there."""

    nonce: int | None = None
    balance: int | None = None
    code: bytes | None = None
    state: tuple[tuple[int, int], ...] | None = None
    state_diff: tuple[tuple[int, int], ...] = ()
    precompile_to: Address | None = None


StateOverrides = tuple[tuple[Address, AccountOverride], ...]


@dataclass(frozen=True, slots=True)
class BlockOverride:
    """What a call or a simulated block sees instead of what its block says (None: as it says). Wei, seconds, gas.

    ``beacon_root`` and ``withdrawals`` matter to simulated blocks alone. There is no difficulty: it is 0 here.
    """

    number: int | None = None
    timestamp: int | None = None
    gas_limit: int | None = None
    coinbase: Address | None = None
    prev_randao: Hash | None = None
    base_fee: int | None = None
    blob_base_fee: int | None = None
    beacon_root: Hash | None = None
    withdrawals: tuple[Withdrawal, ...] = ()


NO_BLOCK_OVERRIDE = BlockOverride()


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A message call or creation (``to`` None) on the state after ``block`` (None: head). Wei and gas.

    ``authorizations`` None is a transaction that has none; () one that should have some (EIP-7702). So with
    ``blob_hashes`` (EIP-4844); a ``max_blob_fee`` of 0 pays nothing for them.
    """

    sender: Address
    to: Address | None
    data: bytes = b""
    value: int = 0
    gas: int | None = None
    max_fee: int = 0
    max_tip: int = 0
    access_list: tuple[tuple[Address, tuple[int, ...]], ...] = ()
    block: BlockNumber | None = None
    overrides: StateOverrides = ()
    authorizations: tuple[Authorization, ...] | None = None
    context: BlockOverride = NO_BLOCK_OVERRIDE
    blob_hashes: tuple[Hash, ...] | None = None
    max_blob_fee: int = 0


@dataclass(frozen=True, slots=True)
class CallResult:
    """A revert is a value: ``reverted`` with the revert data in ``output``. ``error`` holds geth's words for any other
    failure (``out of gas``, ``invalid opcode: INVALID``, ...), '' on success. For estimates ``gas_used`` is the gas
    limit that suffices."""

    output: bytes
    gas_used: int
    reverted: bool
    error: str


@dataclass(frozen=True, slots=True)
class AccessListResult:
    """What a call touches beside its sender, recipient, precompiles and new contract (EIP-2930), addresses and slots in
    ascending order, and the gas that it uses with that list. ``error`` is '' or geth's words; a revert counts."""

    access_list: tuple[tuple[Address, tuple[int, ...]], ...]
    gas_used: int
    error: str


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """Slots of several accounts, in the state after ``block`` (None: head)."""

    slots: tuple[tuple[Address, tuple[int, ...]], ...]
    block: BlockNumber | None = None


@dataclass(frozen=True, slots=True)
class SlotProof:
    """Nodes of an account's storage trie from its root towards a slot, and the value there (0: none)."""

    slot: int
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """Nodes of the state trie from its root towards an account (EIP-1186). Of an account that does not exist they prove
    just that; its hashes are those of no code and no storage."""

    account: AccountState
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]
