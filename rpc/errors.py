"""The one place where errors become JSON-RPC codes. Messages are the errors' own: geth's words.

Codes: JSON-RPC 2.0 section 5.1, EIP-1474 for -32001..-32005, geth for 3 (revert data) and -32000 (anything else).
"""

from rollup.core import errors
from rollup.core.errors import Rejected

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
RESOURCE_NOT_FOUND = -32001
TIMED_OUT = -32002
RESPONSE_TOO_LARGE = -32003
NOT_SUPPORTED = -32004
LIMIT_EXCEEDED = -32005
REVERTED = 3
SYNC_TIMED_OUT = 4  # this and the next one: EIP-7966, eth_sendRawTransactionSync
NONCE_GAP = 6
EXECUTION_FAILED = -32015
BLOCK_GAS_LIMIT_REACHED = -38015  # this and those below: execution-apis, eth_simulateV1
BLOCK_NUMBER_INVALID = -38020
BLOCK_TIME_INVALID = -38021
CLIENT_LIMIT_EXCEEDED = -38026


class RpcError(Exception):
    """An answer with a code of its own. ``data`` is left out when None."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class InvalidArgument(ValueError):
    """A parameter that does not decode; the dispatcher adds which one."""


def invalid_params(message: str) -> RpcError:
    return RpcError(INVALID_PARAMS, message)


CODES: dict[type[Rejected], int] = {
    errors.MalformedTransaction: SERVER_ERROR,
    errors.UnsupportedTransactionType: SERVER_ERROR,
    errors.BadSignature: SERVER_ERROR,
    errors.WrongChain: SERVER_ERROR,
    errors.UnprotectedTransaction: SERVER_ERROR,
    errors.NonceTooLow: SERVER_ERROR,
    errors.NonceTooHigh: SERVER_ERROR,
    errors.NonceMax: SERVER_ERROR,
    errors.InsufficientFunds: SERVER_ERROR,
    errors.FeeTooLow: SERVER_ERROR,
    errors.TipTooLow: SERVER_ERROR,
    errors.TipAboveFeeCap: SERVER_ERROR,
    errors.IntrinsicGasTooLow: SERVER_ERROR,
    errors.FloorDataGasTooLow: SERVER_ERROR,
    errors.GasLimitTooHigh: SERVER_ERROR,
    errors.TransactionGasCapExceeded: SERVER_ERROR,
    errors.SenderNotEoa: SERVER_ERROR,
    errors.InitCodeTooLarge: SERVER_ERROR,
    errors.EmptyAuthorizationList: SERVER_ERROR,
    errors.MissingRecipient: SERVER_ERROR,
    errors.BadBlobs: SERVER_ERROR,
    errors.BlobFeeTooLow: SERVER_ERROR,
    errors.ValueOverflow: SERVER_ERROR,
    errors.TransactionTooLarge: SERVER_ERROR,
    errors.AlreadyKnown: SERVER_ERROR,
    errors.ReplacementUnderpriced: SERVER_ERROR,
    errors.MempoolFull: SERVER_ERROR,
    errors.SenderLimitReached: SERVER_ERROR,
    errors.ExecutionTooLong: SERVER_ERROR,
    errors.EngineDefect: INTERNAL_ERROR,
    errors.SettlementBacklog: LIMIT_EXCEEDED,
    errors.StartingUp: LIMIT_EXCEEDED,
    errors.ReadOnlyNode: NOT_SUPPORTED,
    errors.UnknownBlock: SERVER_ERROR,
    errors.StateUnavailable: SERVER_ERROR,
    errors.CallTimedOut: SERVER_ERROR,
    errors.TransferUnfunded: SERVER_ERROR,
    errors.CallGasTooHigh: SERVER_ERROR,
    errors.OverrideRefused: SERVER_ERROR,
    errors.BlockNumbersUnordered: BLOCK_NUMBER_INVALID,
    errors.BlockTimesUnordered: BLOCK_TIME_INVALID,
    errors.TooManyBlocks: CLIENT_LIMIT_EXCEEDED,
    errors.BlockGasLimitReached: BLOCK_GAS_LIMIT_REACHED,
    errors.Overloaded: LIMIT_EXCEEDED,
    errors.TooManyLogs: LIMIT_EXCEEDED,
    errors.TraceTooLarge: LIMIT_EXCEEDED,
    errors.UnknownTracer: SERVER_ERROR,
    errors.MalformedBatch: SERVER_ERROR,
    errors.InvalidBlock: SERVER_ERROR,
    errors.PostingRefused: SERVER_ERROR,
    errors.WrongLedger: SERVER_ERROR,
}


def rejected_error(error: Rejected) -> RpcError:
    """The answer to a request that is wrong."""
    return RpcError(CODES.get(type(error), SERVER_ERROR), str(error))
