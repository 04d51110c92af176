"""A small synchronous JSON-RPC driver for contract tests: deploy, send, call, and refusals by their ABI name."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode

from contracts import Artifact, encode_constructor
from rollup.core.hashes import keccak

GAS = 12_000_000


class RpcError(Exception):
    """The node answered with an error; ``data`` holds the revert data, if any."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        data = error.get("data")
        self.data = bytes.fromhex(data[2:]) if isinstance(data, str) else b""


@dataclass(frozen=True, slots=True)
class Contract:
    """A deployed contract: hex address and artefact."""

    address: str
    artifact: Artifact

    def encode(self, function: str, *arguments: object) -> bytes:
        """Calldata of a function of the ABI, which has no overloads."""
        entry = self._entry("function", function)
        return _selector(entry) + abi_encode(_types(entry["inputs"]), arguments)

    def decode(self, function: str, data: bytes) -> Any:
        """Return value: one value, or a tuple of several."""
        values = abi_decode(_types(self._entry("function", function)["outputs"]), data)
        return values[0] if len(values) == 1 else values

    def decode_refusal(self, data: bytes) -> tuple[Any, ...]:
        """Name and arguments of a custom error, or ('Error', text) of a require with text."""
        if data[:4] == keccak(b"Error(string)")[:4]:
            return ("Error", *abi_decode(["string"], data[4:]))
        errors = (entry for entry in self.artifact.abi if entry["type"] == "error")
        entry = next(entry for entry in errors if _selector(entry) == data[:4])
        return (entry["name"], *abi_decode(_types(entry["inputs"]), data[4:]))

    def decode_event(self, log: dict[str, Any]) -> tuple[Any, ...]:
        """Name and values (indexed ones first) of an event of value types."""
        events = (entry for entry in self.artifact.abi if entry["type"] == "event")
        entry = next(entry for entry in events if "0x" + keccak(_signature(entry)).hex() == log["topics"][0])
        indexed = [parameter for parameter in entry["inputs"] if parameter["indexed"]]
        others = [parameter for parameter in entry["inputs"] if not parameter["indexed"]]
        topics = bytes.fromhex("".join(topic[2:] for topic in log["topics"][1:]))
        data = bytes.fromhex(log["data"][2:])
        return (entry["name"], *abi_decode(_types(indexed), topics), *abi_decode(_types(others), data))

    def _entry(self, kind: str, name: str) -> Any:
        return next(entry for entry in self.artifact.abi if entry["type"] == kind and entry["name"] == name)


class Chain:
    """An EVM node with unlocked accounts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.accounts: list[str] = self.rpc("eth_accounts")

    def __enter__(self) -> "Chain":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rpc(self, method: str, *parameters: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    def deploy(self, artifact: Artifact, *arguments: object) -> Contract:
        receipt = self.send(None, encode_constructor(artifact, arguments))
        return Contract(receipt["contractAddress"], artifact)

    def send(self, to: str | None, data: bytes, sender: str | None = None, value: int = 0) -> dict[str, Any]:
        """Receipt of a mined transaction, whatever its status."""
        fields = self._fields(to, data, sender) | {"value": hex(value)}
        receipt: dict[str, Any] = self.rpc("eth_sendTransactionSync", fields)
        return receipt

    def transact(self, contract: Contract, function: str, *arguments: object) -> dict[str, Any]:
        """As send, from the first account, and must succeed."""
        receipt = self.send(contract.address, contract.encode(function, *arguments))
        assert receipt["status"] == "0x1"
        return receipt

    def call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        answer: str = self.rpc("eth_call", self._fields(to, data, sender), "latest")
        return bytes.fromhex(answer[2:])

    def read(self, contract: Contract, function: str, *arguments: object) -> Any:
        return contract.decode(function, self.call(contract.address, contract.encode(function, *arguments)))

    def refusal(self, contract: Contract, data: bytes, sender: str | None = None) -> tuple[Any, ...] | None:
        """Why the contract reverts, as (error, arguments...); () for a revert without data; None if it does not."""
        try:
            self.call(contract.address, data, sender)
        except RpcError as error:
            return contract.decode_refusal(error.data) if error.data else ()
        return None

    def _fields(self, to: str | None, data: bytes, sender: str | None) -> dict[str, str]:
        fields = {"from": sender or self.accounts[0], "data": "0x" + data.hex(), "gas": hex(GAS)}
        return fields | {"to": to} if to else fields


def _types(parameters: Sequence[dict[str, Any]]) -> list[str]:
    return [_type(parameter) for parameter in parameters]


def _type(parameter: dict[str, Any]) -> str:
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_types(parameter['components']))}){kind.removeprefix('tuple')}"


def _signature(entry: dict[str, Any]) -> bytes:
    return f"{entry['name']}({','.join(_types(entry['inputs']))})".encode()


def _selector(entry: dict[str, Any]) -> bytes:
    return keccak(_signature(entry))[:4]
