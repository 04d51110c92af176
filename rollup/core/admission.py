"""What makes a user's transaction valid, as far as it can be said without executing it.

``check_transaction`` needs no state: it is the same verdict at the pool's door and in every block. ``check_account``
needs the sender's account as it stands right before the transaction runs. Both raise the first fault in the order in
which geth reports them, and follow the Prague fork unless a chain that was imported says otherwise. Signatures are
checked by ``recover_sender``.
"""

from rollup.core.errors import (
    BadBlobs,
    BlobFeeTooLow,
    EmptyAuthorizationList,
    FeeTooLow,
    FloorDataGasTooLow,
    GasLimitTooHigh,
    InitCodeTooLarge,
    InsufficientFunds,
    IntrinsicGasTooLow,
    MissingRecipient,
    NonceMax,
    NonceTooHigh,
    NonceTooLow,
    SenderNotEoa,
    TipAboveFeeCap,
    TransactionGasCapExceeded,
    TransactionTooLarge,
    UnsupportedTransactionType,
    ValueOverflow,
    WrongChain,
)
from rollup.core.execution import AccountState
from rollup.core.forks import GAS_PER_BLOB, Fork
from rollup.core.genesis import ChainRule
from rollup.core.ids import EMPTY_CODE_HASH
from rollup.core.transaction import Transaction

FIRST_FORKS = {0: Fork.FRONTIER, 1: Fork.BERLIN, 2: Fork.LONDON, 3: Fork.CANCUN, 4: Fork.PRAGUE}
"""Where an imported chain takes each type."""
INIT_CODE_BYTES_MAX = 49_152  # EIP-3860
NONCE_MAX = 2**64 - 1  # EIP-2681
UINT256_MAX = 2**256 - 1
BLOB_HASH_VERSION = 1  # EIP-4844, VERSIONED_HASH_VERSION_KZG

GAS_TRANSACTION = 21_000
GAS_CREATION = 32_000
GAS_INIT_CODE_WORD = 2  # EIP-3860
GAS_DATA_ZERO = 4
GAS_DATA_NONZERO = 16  # EIP-2028
GAS_DATA_NONZERO_BEFORE_ISTANBUL = 68
GAS_ACCESS_LIST_ADDRESS = 2_400  # EIP-2930
GAS_ACCESS_LIST_KEY = 1_900
GAS_AUTHORIZATION = 25_000  # EIP-7702, PER_EMPTY_ACCOUNT_COST
GAS_FLOOR_TOKEN = 10  # EIP-7623; a zero byte is one token, any other four


def intrinsic_gas(transaction: Transaction, fork: Fork = Fork.PRAGUE) -> int:
    """Gas that is spent before the first instruction (Yellow Paper section 6.2; EIPs 2, 2028, 2930, 3860, 7702)."""
    data = transaction.data
    zeros = data.count(0)
    nonzero = GAS_DATA_NONZERO if fork >= Fork.ISTANBUL else GAS_DATA_NONZERO_BEFORE_ISTANBUL
    gas = GAS_TRANSACTION + zeros * GAS_DATA_ZERO + (len(data) - zeros) * nonzero
    if transaction.to is None:
        gas += GAS_CREATION if fork >= Fork.HOMESTEAD else 0
        gas += (len(data) + 31) // 32 * GAS_INIT_CODE_WORD if fork >= Fork.SHANGHAI else 0
    for _, keys in transaction.access_list:
        gas += GAS_ACCESS_LIST_ADDRESS + len(keys) * GAS_ACCESS_LIST_KEY
    return gas + len(transaction.authorizations) * GAS_AUTHORIZATION


def floor_data_gas(transaction: Transaction, fork: Fork = Fork.PRAGUE) -> int:
    """The least gas that a transaction with this calldata pays, whatever it executes (EIP-7623); 0 before Prague."""
    if fork < Fork.PRAGUE:
        return 0
    zeros = transaction.data.count(0)
    tokens = zeros + (len(transaction.data) - zeros) * 4
    return GAS_TRANSACTION + tokens * GAS_FLOOR_TOKEN


def blob_gas(transaction: Transaction) -> int:
    """Blob gas of a transaction (EIP-4844)."""
    return len(transaction.blob_hashes) * GAS_PER_BLOB


def max_cost(transaction: Transaction) -> int:
    """Wei that the sender must hold: the full gas limit at the fee caps, and the value."""
    return (
        transaction.gas * transaction.max_fee
        + transaction.value
        + (blob_gas(transaction) * transaction.max_blob_fee if transaction.blob_hashes else 0)
    )


def is_replay_protected(transaction: Transaction) -> bool:
    """False for legacy transactions from before EIP-155, which are valid on every chain.

    Blocks may hold them (deterministic deployments need them); whether the pool takes them is its own setting.
    """
    return transaction.chain_id is not None


def check_transaction(transaction: Transaction, rule: ChainRule, fork: Fork = Fork.PRAGUE) -> None:
    """Every check that needs no state. Raises a TransactionRejected leaf."""
    if transaction.type == 3 and rule.forks is None:
        raise UnsupportedTransactionType("blob transactions are not taken")
    if FIRST_FORKS.get(transaction.type, fork + 1) > fork:
        raise UnsupportedTransactionType()
    _check_form(transaction, rule, fork)
    _check_bounds(transaction, rule)
    _check_gas(transaction, fork)


def _check_form(transaction: Transaction, rule: ChainRule, fork: Fork) -> None:
    if len(transaction.raw) > rule.transaction_bytes_max:
        raise TransactionTooLarge(f"transaction size {len(transaction.raw)}, limit {rule.transaction_bytes_max}")
    if transaction.chain_id is not None and transaction.chain_id != rule.chain_id:
        raise WrongChain(f"have {transaction.chain_id} want {rule.chain_id}")
    if transaction.chain_id is not None and fork < Fork.SPURIOUS_DRAGON:
        raise WrongChain("replay protection begins with EIP-155")
    if transaction.type == 4:
        if transaction.to is None:
            raise MissingRecipient("type 4 (EIP-7702)")
        if not transaction.authorizations:
            raise EmptyAuthorizationList()
    if transaction.type == 3:
        _check_blobs(transaction)
    if fork >= Fork.SHANGHAI and transaction.to is None and len(transaction.data) > INIT_CODE_BYTES_MAX:
        raise InitCodeTooLarge(f"code size {len(transaction.data)}, limit {INIT_CODE_BYTES_MAX}")


def _check_blobs(transaction: Transaction) -> None:
    """EIP-4844: a recipient, at least one blob, and hashes of the one version there is."""
    if transaction.to is None:
        raise MissingRecipient("type 3 (EIP-4844)")
    if not transaction.blob_hashes:
        raise BadBlobs("blob transaction missing blob hashes")
    for index, blob_hash in enumerate(transaction.blob_hashes):
        if blob_hash[0] != BLOB_HASH_VERSION:
            raise BadBlobs(f"blob {index} has invalid hash version")


def _check_bounds(transaction: Transaction, rule: ChainRule) -> None:
    if max(transaction.value, transaction.max_fee, transaction.max_tip) > UINT256_MAX:
        raise ValueOverflow()
    if transaction.max_tip > transaction.max_fee:
        raise TipAboveFeeCap(f"maxPriorityFeePerGas: {transaction.max_tip}, maxFeePerGas: {transaction.max_fee}")
    if transaction.nonce >= NONCE_MAX:
        raise NonceMax(f"nonce {transaction.nonce}")
    if transaction.gas > rule.transaction_gas_max:
        raise TransactionGasCapExceeded(f"cap: {rule.transaction_gas_max}, tx: {transaction.gas}")
    if transaction.gas > rule.gas_limit:
        raise GasLimitTooHigh(f"limit {rule.gas_limit}, gas {transaction.gas}")


def _check_gas(transaction: Transaction, fork: Fork) -> None:
    needed = intrinsic_gas(transaction, fork)
    if transaction.gas < needed:
        raise IntrinsicGasTooLow(f"gas {transaction.gas}, minimum needed {needed}")
    floor = floor_data_gas(transaction, fork)
    if transaction.gas < floor:
        raise FloorDataGasTooLow(f"gas {transaction.gas}, minimum needed {floor}")


def check_account(transaction: Transaction, account: AccountState, base_fee: int, *, delegated: bool) -> None:
    """May this run now, on ``account`` (the sender's) in a block of this base fee (wei)?

    ``delegated`` says that the account's code is an EIP-7702 designator, which EIP-3607 lets pass. Raises NonceTooLow,
    NonceTooHigh, SenderNotEoa, FeeTooLow or InsufficientFunds.
    """
    check_nonce_unused(transaction, account.nonce)
    if transaction.nonce > account.nonce:
        raise NonceTooHigh(f"next nonce {account.nonce}, tx nonce {transaction.nonce}")
    check_sender_code(account, delegated=delegated)
    if transaction.max_fee < base_fee:
        raise FeeTooLow(f"maxFeePerGas: {transaction.max_fee}, baseFee: {base_fee}")
    check_funds(transaction, account.balance)


def check_nonce_unused(transaction: Transaction, nonce: int) -> None:
    """``nonce`` is the sender's next one. Raises NonceTooLow."""
    if transaction.nonce < nonce:
        raise NonceTooLow(f"next nonce {nonce}, tx nonce {transaction.nonce}")


def check_sender_code(account: AccountState, *, delegated: bool) -> None:
    """Only accounts without code, or with a delegation, send transactions (EIP-3607, EIP-7702). Raises SenderNotEoa."""
    if account.code_hash != EMPTY_CODE_HASH and not delegated:
        raise SenderNotEoa(f"address 0x{account.address.hex()}, codehash: 0x{account.code_hash.hex()}")


def check_funds(transaction: Transaction, balance: int) -> None:
    """``balance`` in wei pays for the transaction at its worst. Raises InsufficientFunds."""
    cost = max_cost(transaction)
    if balance < cost:
        raise InsufficientFunds(f"balance {balance}, tx cost {cost}, overshot {cost - balance}")


def check_blob_fee(transaction: Transaction, base_fee: int) -> None:
    """``base_fee`` in wei per blob gas is that of the block (EIP-4844). Raises BlobFeeTooLow."""
    if transaction.blob_hashes and transaction.max_blob_fee < base_fee:
        raise BlobFeeTooLow(f"maxFeePerBlobGas: {transaction.max_blob_fee}, blobBaseFee: {base_fee}")
