"""Compiled contracts as they were committed: bytecode, ABI, and what they were compiled with."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import encode as abi_encode

from rollup.core.ids import Hash


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract. ``bytecode`` creates it (constructor arguments are appended), ``runtime`` is what then stands at
    its address (zeros where the constructor fills in immutables). ``abi`` has the entries of the standard JSON ABI.
    """

    contract: str
    compiler: str
    library: str
    settings: Mapping[str, Any]
    abi: tuple[Mapping[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    source_hash: Hash


@cache
def load_artifact(name: str) -> Artifact:
    """The artefact of contract ``name``, such as ``BatchInbox``. Raises FileNotFoundError for a name that is none."""
    data = json.loads(files("contracts").joinpath("artifacts", f"{name}.json").read_text(encoding="utf-8"))
    return Artifact(
        contract=data["contract"],
        compiler=data["compiler"],
        library=data["library"],
        settings=data["settings"],
        abi=tuple(data["abi"]),
        bytecode=bytes.fromhex(data["bytecode"][2:]),
        runtime=bytes.fromhex(data["runtime"][2:]),
        source_hash=Hash(bytes.fromhex(data["sourceHash"][2:])),
    )


def encode_constructor(artifact: Artifact, arguments: Sequence[Any]) -> bytes:
    """Init code of a deployment: bytecode and ABI-encoded arguments. Addresses are 0x-hex or 20 bytes.

    Raises eth_abi's EncodingError or ValueError where the arguments do not fit the constructor.
    """
    return artifact.bytecode + abi_encode(constructor_types(artifact), arguments)


def constructor_types(artifact: Artifact) -> list[str]:
    """ABI types of the constructor's parameters; none where the contract declares no constructor."""
    inputs = [entry["inputs"] for entry in artifact.abi if entry["type"] == "constructor"]
    return [parameter["type"] for parameter in inputs[0]] if inputs else []
