"""Delegated code (EIP-7702): what a designator is, and how a transaction's authorizations set them."""

import rlp

from rollup.core.errors import BadSignature
from rollup.core.forks import Fork
from rollup.core.hashes import keccak, recover_address
from rollup.core.ids import ZERO_ADDRESS, Address
from rollup.core.rlp_items import uint_bytes
from rollup.core.transaction import Authorization
from rollup.vm.fork import ChainState

DELEGATION_PREFIX = bytes.fromhex("ef0100")
DELEGATION_LENGTH = 23
AUTHORIZATION_MAGIC = b"\x05"
AUTHORIZATION_REFUND = 12_500  # PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST
NONCE_MAX = 2**64 - 1


def is_delegation(code: bytes) -> bool:
    """Is this code a designator, ``0xef0100 || address``?"""
    return len(code) == DELEGATION_LENGTH and code.startswith(DELEGATION_PREFIX)


def resolve_code(state: ChainState, address: Address) -> tuple[bytes, Address | None]:
    """The code that runs when a transaction calls ``address``, and the delegate that it comes from, if any.

    The delegate becomes warm (EIP-7702, section Behavior)."""
    code = state.get_code(address)
    if state.fork < Fork.PRAGUE or not is_delegation(code):
        return code, None
    delegate = Address(code[3:])
    state.mark_address_warm(delegate)
    return state.get_code(delegate), delegate


def apply_authorizations(state: ChainState, authorizations: tuple[Authorization, ...]) -> int:
    """Set or clear the delegation of every valid tuple, in order; an invalid one has no effect. Returns the refund."""
    return sum(_apply_authorization(state, authorization) for authorization in authorizations)


def _apply_authorization(state: ChainState, authorization: Authorization) -> int:
    if authorization.chain_id not in (0, state.environment.rule.chain_id) or authorization.nonce >= NONCE_MAX:
        return 0
    try:
        authority = recover_authority(authorization)
    except BadSignature:
        return 0
    state.mark_address_warm(authority)
    code = state.get_code(authority)
    if (code and not is_delegation(code)) or state.get_nonce(authority) != authorization.nonce:
        return 0
    refund = AUTHORIZATION_REFUND if state.account_exists(authority) else 0
    if authorization.address == ZERO_ADDRESS:
        state.delete_code(authority)
    else:
        state.set_code(authority, DELEGATION_PREFIX + authorization.address)
    state.increment_nonce(authority)
    return refund


def recover_authority(authorization: Authorization) -> Address:
    """Who signed it. Raises BadSignature."""
    fields = [uint_bytes(authorization.chain_id), authorization.address, uint_bytes(authorization.nonce)]
    digest = keccak(AUTHORIZATION_MAGIC + rlp.encode(fields))
    return recover_address(digest, authorization.y_parity, authorization.r, authorization.s)
