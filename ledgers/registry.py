"""Which connector speaks to which family of ledgers. A new family is one opener and one line in `FAMILIES`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ledgers.evm.connector import EvmLedger, EvmRules
from ledgers.evm.fees import FeeCaps
from ledgers.evm.posting import EvmPosting, EvmPostingLedger
from ledgers.evm.signer import LocalSigner
from ledgers.memory import MemoryLedger, MemoryNetwork, MemoryPosting, MemoryReader, MemoryRules
from ledgers.remote import RemoteLedger
from ledgers.transport import RpcTransport, TransportSettings
from ledgers.utxo.access import read_access
from ledgers.utxo.connector import UtxoLedger, UtxoRules
from ledgers.utxo.fees import UtxoFees
from ledgers.utxo.networks import check_ledger_id
from ledgers.utxo.posting import UtxoPosting, UtxoPostingLedger
from rollup.core.errors import BadConfig
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import address_of
from rollup.core.ids import Address, Hash
from rollup.core.ledger import Ledger, PostingForm


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """How this node reaches a ledger. Without ``private_key`` the ledger is opened for reading only; on the Bitcoin
    family it is a wallet's name in the URL that says who posts (`ledgers.utxo.access`).

    ``posting_form`` None is the family's usual: on EVM the anchor gets whole batches and a mirror headers; memory
    ledgers get pointers. Caps in wei per gas (EVM) or smallest units per byte (others).
    """

    url: str
    private_key: bytes | None = field(default=None, repr=False)
    posting_form: PostingForm | None = None
    genesis_hash: Hash | None = None
    fee_max: int | None = None
    tip_max: int | None = None
    timeout_s: float = 10.0


Opener = Callable[[LedgerSpec, LedgerSettings, int], AbstractAsyncContextManager[Ledger]]


def open_ledger(spec: LedgerSpec, settings: LedgerSettings, rollup_id: int) -> AbstractAsyncContextManager[Ledger]:
    """A connector, connected while the context is open; it fits `CarriesPostings` too where it has a key and the
    family posts. Nothing is asked of the ledger yet. Raises BadConfig for an unknown family or a wrong address."""
    opener = FAMILIES.get(spec.family)
    if opener is None:
        raise BadConfig(f"ledger {spec.index}: unknown family {spec.family!r}, write one of {', '.join(FAMILIES)}")
    return opener(spec, settings, rollup_id)


@asynccontextmanager
async def _open_evm(spec: LedgerSpec, settings: LedgerSettings, rollup_id: int) -> AsyncIterator[Ledger]:
    rules = EvmRules(
        ledger_id=spec.ledger_id,
        contract=_read_contract(spec),
        rollup_id=rollup_id,
        finality=spec.finality,
        finality_depth=spec.finality_depth,
        genesis_hash=settings.genesis_hash,
    )
    async with RpcTransport(_read_node(spec, settings)) as transport:
        if settings.private_key is None:
            yield EvmLedger(transport, rules)
        else:
            usual = PostingForm.FULL if spec.role is LedgerRole.ANCHOR else PostingForm.HEADER
            form = settings.posting_form or usual
            signer = LocalSigner(settings.private_key)
            yield EvmPostingLedger(transport, rules, EvmPosting(signer, form, _read_caps(settings)))


def _reach_memory(spec: LedgerSpec, settings: LedgerSettings, rollup_id: int) -> AbstractAsyncContextManager[Ledger]:
    """In this process, or by ``http://`` in the process that holds it (read-only)."""
    is_elsewhere = urlsplit(settings.url).scheme in ("http", "https")
    return (_open_remote if is_elsewhere else _open_memory)(spec, settings, rollup_id)


@asynccontextmanager
async def _open_memory(spec: LedgerSpec, settings: LedgerSettings, rollup_id: int) -> AsyncIterator[Ledger]:
    """``memory://name`` or ``memory://name/path/of/its/file``. A network of its own, mined by its ``network.run``."""
    address = urlsplit(settings.url)
    depth = 0 if spec.finality is FinalityRule.INSTANT else spec.finality_depth
    key = settings.private_key
    accounts = ((address_of(key), 10**18),) if key else ()
    rules = MemoryRules(name=address.netloc, finality_depth=depth, accounts=accounts)
    network = MemoryNetwork(rules, Path(address.path) if address.path else None)
    if network.ledger_id != spec.ledger_id:
        raise BadConfig(f"ledger {spec.index}: {settings.url} is {network.ledger_id}, not {spec.ledger_id}")
    form = settings.posting_form or PostingForm.POINTER
    if key is None:
        yield MemoryReader(network, rollup_id, form)
    else:
        yield MemoryLedger(network, rollup_id, MemoryPosting(key, form, fee_max=settings.fee_max or 1_000))


@asynccontextmanager
async def _open_remote(spec: LedgerSpec, settings: LedgerSettings, _rollup_id: int) -> AsyncIterator[Ledger]:
    """Read-only whatever the key. Which rollup's postings it serves is settled in the process at the other end."""
    async with RpcTransport(_read_node(spec, settings)) as transport:
        yield RemoteLedger(transport, spec.ledger_id)


@asynccontextmanager
async def _open_utxo(spec: LedgerSpec, settings: LedgerSettings, rollup_id: int) -> AsyncIterator[Ledger]:
    check_ledger_id(spec.ledger_id)
    if spec.role is LedgerRole.ANCHOR:
        raise BadConfig(f"ledger {spec.index}: {spec.ledger_id} carries pointers only, an anchor carries whole batches")
    if spec.finality is not FinalityRule.DEPTH:
        raise BadConfig(f"ledger {spec.index}: {spec.ledger_id} knows no finality of its own, write a depth in blocks")
    access = read_access(settings.url)
    rules = UtxoRules(spec.ledger_id, rollup_id, spec.finality_depth)
    node = TransportSettings(access.url, settings.timeout_s, cookie_file=access.cookie_file)
    usual = UtxoFees()
    fees = UtxoFees(cap=min(settings.fee_max or usual.cap, usual.cap))  # the field's default is in wei: far above
    async with RpcTransport(node) as transport:
        if access.wallet:
            yield UtxoPostingLedger(transport, rules, UtxoPosting(access.wallet, fees))
        else:
            yield UtxoLedger(transport, rules)


FAMILIES: dict[str, Opener] = {
    "evm": _open_evm,
    "memory": _reach_memory,
    "remote": _open_remote,
    "utxo": _open_utxo,
}


def _read_node(spec: LedgerSpec, settings: LedgerSettings) -> TransportSettings:
    address = urlsplit(settings.url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadConfig(f"ledger {spec.index}: its url is no http address, write http://host:port")
    return TransportSettings(settings.url, settings.timeout_s)


def _read_contract(spec: LedgerSpec) -> Address:
    try:
        address = bytes.fromhex(spec.address.removeprefix("0x"))
    except ValueError:
        address = b""
    if len(address) != 20:
        raise BadConfig(
            f"ledger {spec.index}: address {spec.address!r} is not a contract's, write 0x and 40 hex digits"
        )
    if not spec.ledger_id.removeprefix("eip155:").isdecimal():
        raise BadConfig(f"ledger {spec.index}: {spec.ledger_id!r} is no EVM ledger, write eip155: and the chain id")
    return Address(address)


def _read_caps(settings: LedgerSettings) -> FeeCaps:
    usual = FeeCaps()
    return FeeCaps(
        max_fee_wei=usual.max_fee_wei if settings.fee_max is None else settings.fee_max,
        max_tip_wei=usual.max_tip_wei if settings.tip_max is None else settings.tip_max,
    )
