"""Every error of the rollup, sorted by what the caller does next.

RollupError
  Rejected    the request is wrong: answer it
  Transient   try again with backoff
  Reset       the ground moved: rewind and derive again
  Fatal       our own state is not to be trusted: stop

Messages that clients match on use geth's words.
"""

from typing import ClassVar


class RollupError(Exception):
    """Root of all errors that the project raises on purpose."""


# --- Rejected: the request is wrong -----------------------------------------------------------------------------------


class Rejected(RollupError):
    """The request cannot be served as it stands. The message goes to whoever asked."""

    words: ClassVar[str] = "rejected"

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.words}: {detail}" if detail else self.words)
        self.detail = detail


class TransactionRejected(Rejected):
    """A transaction that no block may contain, or that the pool will not hold."""


class MalformedTransaction(TransactionRejected):
    words = "invalid transaction encoding"


class UnsupportedTransactionType(TransactionRejected):
    words = "transaction type not supported"


class BadSignature(TransactionRejected):
    words = "invalid sender"


class WrongChain(TransactionRejected):
    words = "invalid chain id for signer"


class UnprotectedTransaction(TransactionRejected):
    words = "only replay-protected (EIP-155) transactions allowed over RPC"


class NonceTooLow(TransactionRejected):
    words = "nonce too low"


class NonceTooHigh(TransactionRejected):
    words = "nonce too high"


class NonceMax(TransactionRejected):
    words = "nonce has max value"


class InsufficientFunds(TransactionRejected):
    words = "insufficient funds for gas * price + value"


class FeeTooLow(TransactionRejected):
    words = "max fee per gas less than block base fee"


class TipTooLow(TransactionRejected):
    words = "transaction underpriced"


class TipAboveFeeCap(TransactionRejected):
    words = "max priority fee per gas higher than max fee per gas"


class IntrinsicGasTooLow(TransactionRejected):
    words = "intrinsic gas too low"


class FloorDataGasTooLow(TransactionRejected):
    words = "insufficient gas for floor data gas cost"


class GasLimitTooHigh(TransactionRejected):
    words = "exceeds block gas limit"


class TransactionGasCapExceeded(TransactionRejected):
    words = "transaction gas limit too high"


class SenderNotEoa(TransactionRejected):
    words = "sender not an eoa"


class InitCodeTooLarge(TransactionRejected):
    words = "max initcode size exceeded"


class EmptyAuthorizationList(TransactionRejected):
    words = "EIP-7702 transaction with empty auth list"


class MissingRecipient(TransactionRejected):
    words = "input transaction of this type cannot create a contract"


class BadBlobs(TransactionRejected):
    words = "invalid blob transaction"


class BlobFeeTooLow(TransactionRejected):
    words = "max fee per blob gas less than block blob gas fee"


class ValueOverflow(TransactionRejected):
    words = "value exceeds 256 bits"


class TransactionTooLarge(TransactionRejected):
    words = "oversized data"


class AlreadyKnown(TransactionRejected):
    words = "already known"


class ReplacementUnderpriced(TransactionRejected):
    words = "replacement transaction underpriced"


class MempoolFull(TransactionRejected):
    words = "txpool is full"


class SenderLimitReached(TransactionRejected):
    words = "account limit exceeded"


class ExecutionTooLong(TransactionRejected):
    words = "transaction exceeds the execution time limit"


class EngineDefect(TransactionRejected):
    """The execution engine met something that its authors did not foresee. What asked for it is refused, the node
    lives."""

    words = "internal error in the execution engine"


class SettlementBacklog(Rejected):
    words = "settlement backlog: the anchor ledger is not taking batches, try again later"


class StartingUp(Rejected):
    words = "the node is starting up: it reads its ledgers first, try again shortly"


class ReadOnlyNode(Rejected):
    words = "this node follows the ledgers and takes no transactions"


class UnknownBlock(Rejected):
    words = "header not found"


class StateUnavailable(Rejected):
    words = "missing trie node"


class CallTimedOut(Rejected):
    words = "execution aborted (timeout)"


class TransferUnfunded(Rejected):
    """An estimate at a price, of a call whose value its sender does not hold."""

    words = "insufficient funds for transfer"


class CallGasTooHigh(Rejected):
    words = "gas required exceeds allowance"


class OverrideRefused(Rejected):
    """A state override that cannot be."""

    words = "invalid override"


class BlockNumbersUnordered(Rejected):
    """Simulated blocks come one after the other."""

    words = "block numbers must be in order"


class BlockTimesUnordered(Rejected):
    words = "block timestamps must be in order"


class TooManyBlocks(Rejected):
    """A simulation over more blocks, filled gaps included, than one request may ask for."""

    words = "too many blocks"


class BlockGasLimitReached(Rejected):
    """Simulated calls ask for more gas than their block has left."""

    words = "block gas limit reached"


class Overloaded(Rejected):
    words = "server overloaded, try again later"


class TooManyLogs(Rejected):
    """More logs match than one answer may hold; the detail names the cap. Ask for fewer blocks."""

    words = "query exceeds max results"


class TraceTooLarge(Rejected):
    """What a tracer records is more than one answer may hold; the detail names the cap."""

    words = "trace too large"


class UnknownTracer(Rejected):
    """No tracer has this name, or not these options. Tracers written in JavaScript are not run here."""

    words = "tracer not found"


class MalformedBatch(Rejected):
    """Bytes that are not the one canonical encoding of a batch, a header or a pointer."""

    words = "malformed batch"


class InvalidBlock(Rejected):
    """A block whose content the rules forbid: no node may execute it."""

    words = "invalid block"


class PostingRefused(Rejected):
    """The ledger will never take this posting as it stands (its contract reverts, its rules forbid it)."""

    words = "posting refused by the ledger"


class WrongLedger(Rejected):
    """The node at the other end serves another chain than the one configured. It is never used, at any time."""

    words = "the node serves another ledger"


# --- Transient: try again ---------------------------------------------------------------------------------------------


class Transient(RollupError):
    """Likely to pass: retry with backoff."""


class LedgerUnavailable(Transient):
    """The ledger's node does not answer, or answers that it cannot serve now."""


class LedgerBusy(Transient):
    """The ledger's node asks for patience (rate limit, syncing)."""


class LedgerFeeTooLow(Transient):
    """The posting was not taken at this fee: bump and resend."""


class LedgerNonceConflict(Transient):
    """The account's nonce moved under us: read the ledger again and prepare anew."""


class LedgerFundsTooLow(Transient):
    """The posting account cannot pay. Waits for the operator to top it up; nothing is lost meanwhile."""


class ExecutorBusy(Transient):
    """The virtual machine node's queue is full."""


# --- Reset: the ground moved ------------------------------------------------------------------------------------------


class Reset(RollupError):
    """What was built on is gone; rewind and derive again."""


class LedgerReorged(Reset):
    """A ledger's blocks that were read are no longer canonical."""


# --- Fatal: stop ------------------------------------------------------------------------------------------------------


class Fatal(RollupError):
    """Going on would endanger the state. The process ends with exit code 70."""

    exit_code: ClassVar[int] = 70


class VmCrashed(Fatal):
    """The virtual machine process is gone."""


class StateRootMismatch(Fatal):
    """Our execution and a signed root differ where both were ours."""


class StoreCorrupted(Fatal):
    """A database holds something that no version of this program wrote."""


class StoreClosed(Fatal):
    """Somebody asked a database after it was closed: only what is left of a node that has stopped does."""


class DiskFull(Fatal):
    """A synced write failed. Nothing was acknowledged; free space and start again."""

    exit_code = 74


class UnreadableBatch(Fatal):
    """A batch that this node was about to sign does not decode to its own blocks. Never signed."""


class SignOnceViolation(Fatal):
    """A second signature for the same number was asked for. Never given."""


class BadConfig(Fatal):
    """The configuration is wrong; the message names the key and what to write instead."""

    exit_code = 78


class PortTaken(Fatal):
    """Another program listens where the node should."""

    exit_code = 69


class BadDataDirectory(Fatal):
    """The data directory is foreign, locked by another node or not writable."""

    exit_code = 73


class AnchorReorgedPastFinality(Fatal):
    """The anchor ledger took back what it had called final. An operator decides."""


class ForeignBatch(Fatal):
    """The anchor ledger carries a batch that the running sequencer did not seal: somebody else signs with its key."""
