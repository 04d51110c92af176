"""The table of all methods that a node offers: what is not in it does not exist."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from rpc.allowed_methods import choose_methods
from rpc.errors import METHOD_NOT_FOUND, RpcError
from rpc.feed import ChainFeed
from rpc.filters import FilterBook
from rpc.log_search import LogSearch
from rpc.method import REQUIRED, Method, Param
from rpc.methods.blocks import BlockMethods
from rpc.methods.calls import CallMethods
from rpc.methods.capabilities import CapabilityMethods
from rpc.methods.chain import ChainMethods
from rpc.methods.fees import FeeMethods
from rpc.methods.filters import FilterMethods, FilterParts
from rpc.methods.logs import LogMethods
from rpc.methods.otterscan import OtterscanMethods
from rpc.methods.parity_traces import ParityTraceMethods
from rpc.methods.proofs import ProofMethods
from rpc.methods.raw import RawMethods
from rpc.methods.rollup import rollup_table
from rpc.methods.simulate import SimulateMethods
from rpc.methods.state import StateMethods
from rpc.methods.storage_ranges import StorageRangeMethods
from rpc.methods.testing import TestingMethods
from rpc.methods.tracing import TraceMethods
from rpc.methods.transactions import TransactionMethods
from rpc.methods.txpool import PoolMethods
from rpc.methods.waiting import WaitingMethods
from rpc.methods.wallet import KeyRing, WalletMethods
from rpc.ports import NodePorts
from rpc.settings import RpcSettings

Answer = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class TableParts:
    """What the methods are made of. ``extra`` are the wiring's own methods; ``keys`` those that may sign, if any."""

    ports: NodePorts
    settings: RpcSettings
    search: LogSearch
    extra: Mapping[str, Answer | Method] = field(default_factory=dict)
    feed: ChainFeed = field(default_factory=ChainFeed)
    keys: KeyRing | None = None


def build_table(parts: TableParts) -> dict[str, Method]:
    """Everything that the ports can answer, the wiring's own methods, and rpc_modules over their namespaces."""
    ports, settings = parts.ports, parts.settings
    transactions, logs = TransactionMethods(ports), LogMethods(ports, parts.search, settings)
    table = {
        **ChainMethods(ports, settings.client_version).table(),
        **StateMethods(ports).table(),
        **ProofMethods(ports).table(),
        **CallMethods(ports, settings.call_gas_max).table(),
        **SimulateMethods(ports).table(),
        **FeeMethods(ports, settings.tip_suggested_wei).table(),
        **transactions.table(),
        **WaitingMethods(ports, parts.feed, settings).table(),
        **WalletMethods(ports, settings, parts.keys).table(),
        **PoolMethods(ports).table(),
        **BlockMethods(ports, settings.answer_cache_bytes_max).table(),
        **RawMethods(ports).table(),
        **TraceMethods(ports, settings).table(),
        **StorageRangeMethods(ports).table(),
        **ParityTraceMethods(ports, settings).table(),
        **OtterscanMethods(ports, settings).table(),
        **CapabilityMethods(ports).table(),
        **(TestingMethods(ports).table() if settings.testing_methods else {}),
        **logs.table(),
        **FilterMethods(ports, _build_filter_parts(parts, logs, transactions)).table(),
        **rollup_table(ports),
        **{name: Method(refuse_news, (Param(_as_it_came, None),) * 2) for name in ("eth_subscribe", "eth_unsubscribe")},
        **mount_extra(parts.extra),
    }

    async def list_modules() -> dict[str, str]:
        return modules

    offered = choose_methods(table | {"rpc_modules": Method(list_modules)}, settings.methods)
    modules = {name.partition("_")[0]: "1.0" for name in offered}
    return offered


def _build_filter_parts(parts: TableParts, logs: LogMethods, transactions: TransactionMethods) -> FilterParts:
    book = FilterBook(parts.feed, parts.settings.filters_max, parts.settings.filter_expiry_s)
    return FilterParts(book, parts.search, logs, transactions, parts.settings.logs_count_max)


async def refuse_news(*_: object) -> None:
    """Subscriptions are a connection's own (``rpc.subscriptions``); over HTTP there is none."""
    raise RpcError(METHOD_NOT_FOUND, "notifications not supported")


def mount_extra(methods: Mapping[str, Answer | Method]) -> dict[str, Method]:
    """Methods of the wiring. What declares none has as many parameters as the callable, handed over as plain JSON."""
    return {
        name: answer if isinstance(answer, Method) else Method(answer, _plain_params(answer))
        for name, answer in methods.items()
    }


def _plain_params(answer: Answer) -> tuple[Param, ...]:
    return tuple(
        Param(_as_it_came, REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default)
        for parameter in inspect.signature(answer).parameters.values()
    )


def _as_it_came(value: object) -> object:
    return value
