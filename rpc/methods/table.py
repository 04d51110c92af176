"""The table of all methods that a node offers: what is not in it does not exist."""

import inspect
from collections.abc import Awaitable, Callable, Mapping

from rpc.method import REQUIRED, Method, Param
from rpc.methods.chain import ChainMethods
from rpc.methods.state import StateMethods
from rpc.methods.transactions import TransactionMethods
from rpc.ports import NodePorts
from rpc.settings import RpcSettings


def build_table(ports: NodePorts, settings: RpcSettings) -> dict[str, Method]:
    return {
        **ChainMethods(ports, settings.client_version).table(),
        **StateMethods(ports).table(),
        **TransactionMethods(ports).table(),
    }


def mount_extra(methods: Mapping[str, Callable[..., Awaitable[object]]]) -> dict[str, Method]:
    """Methods of the wiring: as many parameters as the callable has, handed over as plain JSON values."""
    return {name: Method(answer, _plain_params(answer)) for name, answer in methods.items()}


def _plain_params(answer: Callable[..., Awaitable[object]]) -> tuple[Param, ...]:
    return tuple(
        Param(_as_it_came, REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default)
        for parameter in inspect.signature(answer).parameters.values()
    )


def _as_it_came(value: object) -> object:
    return value
