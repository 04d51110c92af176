"""EIP-1186 proofs as eth_getProof answers them."""

from collections.abc import Sequence

from rollup.core.execution import AccountProof
from rpc.hexes import data, quantity
from rpc.scalars import StorageKey


def proof_json(proof: AccountProof, keys: Sequence[StorageKey]) -> dict[str, object]:
    """``keys`` are what was asked for, one per slot: each comes back in the form that it had."""
    account = proof.account
    return {
        "address": data(account.address),
        "accountProof": [data(node) for node in proof.nodes],
        "balance": quantity(account.balance),
        "codeHash": data(account.code_hash),
        "nonce": quantity(account.nonce),
        "storageHash": data(account.storage_root),
        "storageProof": [
            {"key": key.text, "value": quantity(slot.value), "proof": [data(node) for node in slot.nodes]}
            for key, slot in zip(keys, proof.slots, strict=True)
        ],
    }
