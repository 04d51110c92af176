"""One transaction on a given state under the rules of a named fork: what Ethereum's state tests ask (docs/import.md).

Nothing is kept and no chain is needed. Hashes of earlier blocks are by convention ``keccak(str(number))``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rollup.core.admission import blob_gas
from rollup.core.block import Receipt
from rollup.core.errors import BadBlobs, BadConfig, TransactionRejected
from rollup.core.forks import CANCUN_BLOBS, GAS_PER_BLOB, PRAGUE_BLOBS, BlobRule, Fork, ForkSchedule, blob_base_fee
from rollup.core.genesis import ChainRule, GenesisAccount
from rollup.core.hashes import keccak
from rollup.core.ids import EMPTY_CODE_HASH, ZERO_ADDRESS, ZERO_HASH, Address, BlockNumber, Hash
from rollup.core.transaction import Transaction, decode_transaction, recover_sender
from rollup.vm.accounts import Account, StateChanges
from rollup.vm.fork import TRANSACTION_GAS_MAX_OSAKA, BlockEnvironment, make_state
from rollup.vm.forks.replay import run_transaction
from rollup.vm.geth_genesis import FEE_RULE, GAS_UNBOUNDED, TRANSACTION_BYTES_MAX, WORK_UNBOUNDED
from rollup.vm.memory_store import MemoryStore
from rollup.vm.receipts import encode_logs
from rollup.vm.sealing import SealedState, seal_changes
from rollup.vm.trie import EMPTY_ROOT

FORKS = {
    "Frontier": Fork.FRONTIER,
    "Homestead": Fork.HOMESTEAD,
    "EIP150": Fork.TANGERINE_WHISTLE,
    "EIP158": Fork.SPURIOUS_DRAGON,
    "Byzantium": Fork.BYZANTIUM,
    "Constantinople": Fork.CONSTANTINOPLE,
    "ConstantinopleFix": Fork.PETERSBURG,
    "Istanbul": Fork.ISTANBUL,
    "Berlin": Fork.BERLIN,
    "London": Fork.LONDON,
    "Merge": Fork.PARIS,
    "Paris": Fork.PARIS,
    "Shanghai": Fork.SHANGHAI,
    "Cancun": Fork.CANCUN,
    "Prague": Fork.PRAGUE,
    "Osaka": Fork.OSAKA,
}
"""Names that the state tests use."""

NO_LOGS_HASH = keccak(b"\xc0")
BLOBS_PER_TRANSACTION_MAX_OSAKA = 6  # EIP-7594
Alloc = Iterable[tuple[Address, GenesisAccount]]


@dataclass(frozen=True, slots=True)
class TransitionEnvironment:
    """The block around the transaction; what the fork does not have is ignored. Wei, gas, seconds.

    ``difficulty`` matters before the merge, ``prev_randao`` after it. ``blobs`` None: the fork's own.
    """

    number: int = 1
    timestamp: int = 1_000
    coinbase: Address = ZERO_ADDRESS
    gas_limit: int = 30_000_000
    base_fee: int = 0
    difficulty: int = 0
    prev_randao: Hash = ZERO_HASH
    excess_blob_gas: int = 0
    blobs: BlobRule | None = None
    chain_id: int = 1


@dataclass(frozen=True, slots=True)
class TransitionResult:
    """``logs_hash`` is Keccak-256 of the RLP of the logs. A transaction that no block may contain changes nothing:
    ``receipt`` is then None and ``rejected`` says why (class and words)."""

    state_root: Hash
    logs_hash: Hash
    receipt: Receipt | None
    rejected: str = ""


def find_fork(name: str) -> Fork:
    """A fork by the name that the state tests use. Raises BadConfig."""
    try:
        return FORKS[name]
    except KeyError as error:
        raise BadConfig(f"no fork is called {name!r}; there are {', '.join(FORKS)}") from error


def run_transition(fork: Fork, pre: Alloc, environment: TransitionEnvironment, raw: bytes) -> TransitionResult:
    """Run the raw transaction ``raw`` on the state ``pre``. Blocks rewards, withdrawals and system calls do not happen;
    the coinbase is touched, as a reward of nothing would."""
    store = MemoryStore()
    root = _seal(store, EMPTY_ROOT, _lay(pre), fork, keep_empty=True)
    state = make_state(SealedState(store, root), _environment(fork, environment))
    receipt, rejected = None, ""
    try:
        transaction = decode_transaction(raw)
        sender = recover_sender(transaction, low_s=fork >= Fork.HOMESTEAD)
        _check_blob_count(transaction, fork, _blobs(fork, environment))
        receipt = run_transaction(
            state,
            transaction,
            sender,
            (0, environment.gas_limit),
            lambda: _seal(store, root, state.changes(), fork),
        )
    except TransactionRejected as error:
        rejected = f"{type(error).__name__}: {error}"
    state.delta_balance(environment.coinbase, 0)
    state.end_transaction()
    logs_hash = NO_LOGS_HASH if receipt is None else keccak(encode_logs(receipt.logs))
    return TransitionResult(_seal(store, root, state.changes(), fork), logs_hash, receipt, rejected)


def _lay(pre: Alloc) -> StateChanges:
    accounts: dict[bytes, Account | None] = {}
    slots: dict[bytes, dict[int, int]] = {}
    codes: dict[bytes, bytes] = {}
    for address, account in pre:
        code_hash = keccak(account.code) if account.code else EMPTY_CODE_HASH
        accounts[address] = Account(account.nonce, account.balance, EMPTY_ROOT, code_hash)
        slots[address] = dict(account.storage)
        if account.code:
            codes[code_hash] = account.code
    return StateChanges(accounts, slots, codes)


def _seal(store: MemoryStore, root: Hash, changes: StateChanges, fork: Fork, *, keep_empty: bool = False) -> Hash:
    return seal_changes(store, root, changes, keep_empty=keep_empty or fork < Fork.SPURIOUS_DRAGON)[0]


def _environment(fork: Fork, environment: TransitionEnvironment) -> BlockEnvironment:
    number = BlockNumber(environment.number)
    rule = ChainRule(
        chain_id=environment.chain_id,
        gas_limit=environment.gas_limit,
        transaction_gas_max=TRANSACTION_GAS_MAX_OSAKA if fork >= Fork.OSAKA else GAS_UNBOUNDED,
        work_max=WORK_UNBOUNDED,
        transaction_bytes_max=TRANSACTION_BYTES_MAX,
        fee=FEE_RULE,
        coinbase=environment.coinbase,
        forks=ForkSchedule(by_number=((BlockNumber(0), min(fork, Fork.LONDON)),)),
    )
    mixed = environment.prev_randao if fork >= Fork.PARIS else Hash(environment.difficulty.to_bytes(32, "big"))
    return BlockEnvironment(
        rule=rule,
        number=number,
        timestamp=environment.timestamp,
        base_fee=environment.base_fee if fork >= Fork.LONDON else 0,
        prev_randao=mixed,
        ancestor_hash=lambda ancestor: keccak(str(ancestor).encode()),
        fork=fork,
        blob_base_fee=blob_base_fee(_blobs(fork, environment), environment.excess_blob_gas),
    )


def _blobs(fork: Fork, environment: TransitionEnvironment) -> BlobRule:
    if environment.blobs is not None:
        return environment.blobs
    return PRAGUE_BLOBS if fork >= Fork.PRAGUE else CANCUN_BLOBS


def _check_blob_count(transaction: Transaction, fork: Fork, blobs: BlobRule) -> None:
    """Raises BadBlobs."""
    limit = min(blobs.max, BLOBS_PER_TRANSACTION_MAX_OSAKA) if fork >= Fork.OSAKA else blobs.max
    if blob_gas(transaction) > limit * GAS_PER_BLOB:
        raise BadBlobs(f"{len(transaction.blob_hashes)} blobs, at most {limit}")
