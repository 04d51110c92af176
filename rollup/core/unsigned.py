"""Transactions that nobody signed, in the envelope that a signature of zeros would give: simulations have them."""

from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH
from rollup.core.rlp_items import encode_rlp, uint_bytes
from rollup.core.simulation import SimulatedCall
from rollup.core.transaction import Authorization, Transaction

NO_SIGNATURE = (b"", b"", b"")


def build_unsigned(call: SimulatedCall, chain_id: int, nonce: int, gas: int) -> Transaction:
    """The transaction of a call, with what the call left open. A gas price makes it a legacy one, as in
    geth: its access list is then paid for and warm, but not part of the envelope."""
    kind = _kind_of(call)
    is_legacy = kind == 0
    raw = _encode_legacy(call, nonce, gas) if is_legacy else _encode_typed(call, kind, chain_id, nonce, gas)
    price = call.gas_price or 0
    return Transaction(
        raw=raw,
        hash=keccak(raw),
        type=kind,
        chain_id=None if is_legacy else chain_id,
        nonce=nonce,
        max_fee=price if is_legacy else call.max_fee,
        max_tip=price if is_legacy else call.max_tip,
        gas=gas,
        to=call.to,
        value=call.value,
        data=call.data,
        access_list=call.access_list,
        authorizations=call.authorizations or (),
        v=0,
        r=0,
        s=0,
        signing_hash=ZERO_HASH,
        max_blob_fee=call.max_blob_fee,
        blob_hashes=call.blob_hashes or (),
    )


def _kind_of(call: SimulatedCall) -> int:
    if call.gas_price is not None:
        return 0
    if call.authorizations is not None:
        return 4
    return 2 if call.blob_hashes is None else 3


def _encode_legacy(call: SimulatedCall, nonce: int, gas: int) -> bytes:
    numbers = (uint_bytes(each) for each in (nonce, call.gas_price or 0, gas))
    return encode_rlp([*numbers, call.to or b"", uint_bytes(call.value), call.data, *NO_SIGNATURE])


def _encode_typed(call: SimulatedCall, kind: int, chain_id: int, nonce: int, gas: int) -> bytes:
    fields: list[object] = [
        *(uint_bytes(each) for each in (chain_id, nonce, call.max_tip, call.max_fee, gas)),
        call.to or b"",
        uint_bytes(call.value),
        call.data,
        call.access_list,
    ]
    if kind == 3:
        fields += [uint_bytes(call.max_blob_fee), call.blob_hashes]
    if kind == 4:
        fields.append([_authorization_fields(each) for each in call.authorizations or ()])
    return bytes([kind]) + encode_rlp([*fields, *NO_SIGNATURE])


def _authorization_fields(authorization: Authorization) -> list[bytes]:
    return [
        uint_bytes(authorization.chain_id),
        authorization.address,
        uint_bytes(authorization.nonce),
        *(uint_bytes(each) for each in (authorization.y_parity, authorization.r, authorization.s)),
    ]
