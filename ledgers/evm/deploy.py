"""Puts a contract on an EVM ledger at an address that follows from its code alone. Idempotent.

Through the deterministic deployment proxy (CREATE2, EIP-1014): the address is known beforehand, so that a second
deployer, or the same one after a crash, finds the contract there and sends nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts import DEPLOYMENT_PROXY, Artifact, encode_constructor
from ledgers.evm.answers import read_data, read_object, read_uint
from ledgers.evm.fees import FeeCaps, choose_offer
from ledgers.evm.refusals import is_known, translate_refusal
from ledgers.evm.signer import Signer
from ledgers.transport import JsonRpcError, RpcCall, RpcTransport
from rollup.core.errors import LedgerUnavailable, PostingRefused
from rollup.core.hashes import keccak
from rollup.core.ids import ZERO_HASH, Address, Hash

GAS_MARGIN_PERCENT = 15


@dataclass(frozen=True, slots=True)
class DeployPatience:
    """How long to wait for the deployment to be in a block, and how often to look."""

    timeout_s: float = 60.0
    poll_interval_s: float = 0.1


def contract_address(artifact: Artifact, arguments: Sequence[object]) -> Address:
    """Where `deploy_contract` puts it: keccak(0xff, proxy, salt 0, keccak(init code)), last 20 bytes."""
    init_code = encode_constructor(artifact, arguments)
    return Address(keccak(b"\xff" + DEPLOYMENT_PROXY + ZERO_HASH + keccak(init_code))[12:])


async def deploy_contract(
    transport: RpcTransport,
    signer: Signer,
    artifact: Artifact,
    arguments: Sequence[object],
    patience: DeployPatience = DeployPatience(),
) -> Address:
    """Address of the contract, which then is there with the code expected; it is created when it was not.

    Raises PostingRefused when the ledger has no deployment proxy, when the constructor reverts or when other code
    stands there; LedgerFundsTooLow, LedgerUnavailable.
    """
    address = contract_address(artifact, arguments)
    proxy, code = await transport.call_batch(_code_call(DEPLOYMENT_PROXY), _code_call(address))
    if not read_data(proxy):
        raise PostingRefused("the ledger has no deterministic deployment proxy")
    if not read_data(code):
        tx_id = await _send_creation(transport, signer, ZERO_HASH + encode_constructor(artifact, arguments))
        await _await_receipt(transport, tx_id, patience)
        (code,) = await transport.call_batch(_code_call(address))
    if not read_data(code):
        raise PostingRefused(f"the constructor of {artifact.contract} reverted")
    if not _is_expected(read_data(code), artifact.runtime):
        raise PostingRefused(f"0x{address.hex()} holds other code than {artifact.contract}")
    return address


async def _send_creation(transport: RpcTransport, signer: Signer, calldata: bytes) -> Hash:
    account = "0x" + signer.address.hex()
    call = {"from": account, "to": "0x" + DEPLOYMENT_PROXY.hex(), "data": "0x" + calldata.hex()}
    try:
        identity, latest, price, count, estimate = await transport.call_batch(
            RpcCall("eth_chainId"),
            RpcCall("eth_getBlockByNumber", ("latest", False)),
            RpcCall("eth_gasPrice"),
            RpcCall("eth_getTransactionCount", (account, "pending")),
            RpcCall("eth_estimateGas", (call, "latest")),
        )
    except JsonRpcError as error:
        raise translate_refusal(error) from error
    gas = read_uint(estimate) * (100 + GAS_MARGIN_PERCENT) // 100
    offer = _legacy_offer(read_object(latest), read_uint(price))
    raw = await signer.sign_transaction(_creation_fields((read_uint(identity), read_uint(count), gas, offer), calldata))
    try:
        await transport.call("eth_sendRawTransaction", "0x" + raw.hex())
    except JsonRpcError as error:
        if not is_known(error):
            raise translate_refusal(error) from error
    return keccak(raw)


def _legacy_offer(latest: Mapping[str, object], price: int) -> int:
    """A gas price that holds for the next blocks; legacy transactions deploy on every EVM ledger."""
    base_fee = read_uint(latest["baseFeePerGas"]) if "baseFeePerGas" in latest else None
    tip = price if base_fee is None else max(price - base_fee, 1)
    return choose_offer(base_fee, tip, None, FeeCaps()).max_fee


def _creation_fields(numbers: tuple[int, int, int, int], calldata: bytes) -> Mapping[str, int | bytes]:
    chain_id, nonce, gas, price = numbers
    return {
        "chainId": chain_id,
        "nonce": nonce,
        "to": DEPLOYMENT_PROXY,
        "value": 0,
        "data": calldata,
        "gas": gas,
        "gasPrice": price,
    }


async def _await_receipt(transport: RpcTransport, tx_id: Hash, patience: DeployPatience) -> None:
    for _ in range(max(1, int(patience.timeout_s / patience.poll_interval_s))):
        if await transport.call("eth_getTransactionReceipt", "0x" + tx_id.hex()) is not None:
            return
        await asyncio.sleep(patience.poll_interval_s)
    raise LedgerUnavailable(f"the deployment is in no block after {patience.timeout_s} s")


def _is_expected(code: bytes, runtime: bytes) -> bool:
    """Equal, except where the artefact has zeros: there stand the immutables, which the address commits to."""
    return len(code) == len(runtime) and all(
        there == expected or not expected for there, expected in zip(code, runtime, strict=True)
    )


def _code_call(address: Address) -> RpcCall:
    return RpcCall("eth_getCode", ("0x" + address.hex(), "latest"))
