"""What unsigned transactions of types 3 and 4 must have before they can run, in calls and simulations."""

from rollup.core.admission import BLOB_HASH_VERSION
from rollup.core.errors import EmptyAuthorizationList, FeeTooLow, MalformedTransaction, MissingRecipient
from rollup.core.transaction import Transaction


def check_form(transaction: Transaction) -> None:
    """Raises MissingRecipient, EmptyAuthorizationList (EIP-7702) and MalformedTransaction (EIP-4844)."""
    if transaction.type in (3, 4) and transaction.to is None:
        raise MissingRecipient(f"type {transaction.type}")
    if transaction.type == 4 and not transaction.authorizations:
        raise EmptyAuthorizationList()
    if transaction.type == 3 and not transaction.blob_hashes:
        raise MalformedTransaction("blob transaction missing blob hashes")
    if any(blob_hash[0] != BLOB_HASH_VERSION for blob_hash in transaction.blob_hashes):
        raise MalformedTransaction("a blob hash of an unknown version")


def check_blob_cap(transaction: Transaction, blob_base_fee: int, *, is_free: bool) -> None:
    """Raises FeeTooLow; with ``is_free`` a cap of zero stands for no fee at all."""
    cap = transaction.max_blob_fee
    if transaction.blob_hashes and not (is_free and not cap) and cap < blob_base_fee:
        raise FeeTooLow(f"maxFeePerBlobGas: {cap}, blobBaseFee: {blob_base_fee}")
