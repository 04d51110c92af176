"""Ethereum's state tests as they are written (JSON), each case run by ``run_transition``.

A case takes its transaction from ``txbytes`` where the test has it, else from the fields, signed with ``secretKey``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollup.core.errors import BadConfig
from rollup.core.forks import BlobRule, Fork
from rollup.core.genesis import GenesisAccount
from rollup.core.hashes import keccak, sign_hash
from rollup.core.ids import ZERO_HASH, Address, Hash
from rollup.core.rlp_items import encode_rlp, uint_bytes
from rollup.vm.transition import TransitionEnvironment, TransitionResult, find_fork, run_transition

Document = Mapping[str, Any]


def run_state_test(test: Document, fork_name: str, index: int = 0) -> TransitionResult:
    """Case ``index`` of ``post[fork_name]`` of one test. What it should give is the caller's to compare: ``hash`` with
    ``state_root``, ``logs`` with ``logs_hash``, ``expectException`` with ``rejected``. Raises BadConfig."""
    fork = find_fork(fork_name)
    try:
        case = test["post"][fork_name][index]
        environment = _read_environment(test, fork_name)
        pre = [(Address(_bytes(address)), _read_account(account)) for address, account in test["pre"].items()]
        given = case.get("txbytes")
        raw = _bytes(given) if given else _sign(test["transaction"], case["indexes"], fork, environment.chain_id)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadConfig(f"not a state test: {type(error).__name__} {error}") from error
    return run_transition(fork, pre, environment, raw)


def _read_environment(test: Document, fork_name: str) -> TransitionEnvironment:
    env, config = test["env"], test.get("config") or {}
    blobs = (config.get("blobSchedule") or {}).get(fork_name)
    return TransitionEnvironment(
        number=_int(env["currentNumber"]),
        timestamp=_int(env["currentTimestamp"]),
        coinbase=Address(_bytes(env["currentCoinbase"])),
        gas_limit=_int(env["currentGasLimit"]),
        base_fee=_int(env.get("currentBaseFee") or "0xa"),
        difficulty=_int(env.get("currentDifficulty") or "0x0"),
        prev_randao=Hash(_bytes(env["currentRandom"]).rjust(32, b"\x00")) if env.get("currentRandom") else ZERO_HASH,
        excess_blob_gas=_int(env.get("currentExcessBlobGas") or "0x0"),
        blobs=None
        if blobs is None
        else BlobRule(_int(blobs["target"]), _int(blobs["max"]), _int(blobs["baseFeeUpdateFraction"])),
        chain_id=_int(config.get("chainid") or "0x1"),
    )


def _read_account(account: Document) -> GenesisAccount:
    storage = ((_int(slot), _int(value)) for slot, value in account["storage"].items())
    return GenesisAccount(
        balance=_int(account["balance"]),
        nonce=_int(account["nonce"]),
        code=_bytes(account["code"]),
        storage=tuple((slot, value) for slot, value in storage if value),
    )


def _sign(fields: Document, indexes: Document, fork: Fork, chain_id: int) -> bytes:
    """The raw transaction of a case."""
    call: list[object] = [
        uint_bytes(_int(fields["gasLimit"][indexes["gas"]])),
        _bytes(fields.get("to") or ""),
        uint_bytes(_int(fields["value"][indexes["value"]])),
        _bytes(fields["data"][indexes["data"]]),
    ]
    nonce, chain = uint_bytes(_int(fields["nonce"])), uint_bytes(chain_id)
    key = _bytes(fields["secretKey"]).rjust(32, b"\x00")
    access = _access_list(fields, indexes["data"])
    if "maxFeePerGas" not in fields:
        price = uint_bytes(_int(fields["gasPrice"]))
        if access is None:
            return _sign_legacy([nonce, price, *call], key, chain_id if fork >= Fork.SPURIOUS_DRAGON else None)
        return _sign_typed(1, [chain, nonce, price, *call, access], key)
    fees = (uint_bytes(_int(fields["maxPriorityFeePerGas"])), uint_bytes(_int(fields["maxFeePerGas"])))
    payload: list[object] = [chain, nonce, *fees, *call, access or []]
    if "authorizationList" in fields:
        return _sign_typed(4, [*payload, [_authorization(each) for each in fields["authorizationList"]]], key)
    if "blobVersionedHashes" in fields:
        hashes = [_bytes(each) for each in fields["blobVersionedHashes"]]
        return _sign_typed(3, [*payload, uint_bytes(_int(fields["maxFeePerBlobGas"])), hashes], key)
    return _sign_typed(2, payload, key)


def _sign_legacy(payload: list[object], key: bytes, chain_id: int | None) -> bytes:
    signed = payload if chain_id is None else [*payload, uint_bytes(chain_id), b"", b""]
    r, s, parity = _signature(key, keccak(encode_rlp(signed)))
    v = 27 + parity if chain_id is None else 35 + 2 * chain_id + parity
    return encode_rlp([*payload, uint_bytes(v), r, s])


def _sign_typed(kind: int, payload: list[object], key: bytes) -> bytes:
    r, s, parity = _signature(key, keccak(bytes([kind]) + encode_rlp(payload)))
    return bytes([kind]) + encode_rlp([*payload, uint_bytes(parity), r, s])


def _signature(key: bytes, digest: Hash) -> tuple[bytes, bytes, int]:
    signature = sign_hash(key, digest)
    return signature[:32].lstrip(b"\x00"), signature[32:64].lstrip(b"\x00"), signature[64] - 27


def _access_list(fields: Document, index: int) -> list[object] | None:
    """None where the case has none, which makes its transaction a legacy one."""
    lists: Sequence[Any] = fields.get("accessLists") or ()
    rows = lists[index] if index < len(lists) else None
    if rows is None:
        return None
    return [[_bytes(row["address"]), [_bytes(key).rjust(32, b"\x00") for key in row["storageKeys"]]] for row in rows]


def _authorization(row: Document) -> list[object]:
    parity = row["yParity"] if "yParity" in row else row["v"]
    numbers = [uint_bytes(_int(row[name])) for name in ("chainId", "nonce")]
    signature = [uint_bytes(_int(each)) for each in (parity, row["r"], row["s"])]
    return [numbers[0], _bytes(row["address"]), numbers[1], *signature]


def _int(value: object) -> int:
    """A hexadecimal string, with 0x or without."""
    return int(str(value), 16) if str(value).removeprefix("0x") else 0


def _bytes(value: object) -> bytes:
    digits = str(value).removeprefix("0x")
    return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
