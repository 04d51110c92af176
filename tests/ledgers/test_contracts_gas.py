"""Gas of the contracts, measured; the tables in docs/contracts.md are these numbers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from anvil_process import start_anvil
from batch_vectors import CONSTRUCTOR, GENESIS_HASH, build_batch, calldata, compressed_body
from chain_driver import Chain

from contracts import encode_post_batch, load_artifact
from rollup.core.batch import Batch
from rollup.core.cursor import Cursor
from rollup.core.deposit import CURSOR_SENDER, LEDGER_ORACLE, build_deposits, decode_deposit
from rollup.core.hashes import keccak
from rollup.core.ids import BlockNumber, LedgerIndex

DOCS = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"
BODY_BYTES = (1_000, 10_000, 60_000, 118_000)
FORKS = ("cancun", "prague")


@pytest.fixture
def chains() -> Iterator[list[Chain]]:
    """One chain per fork: since Prague calldata has a floor price (EIP-7623)."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(start_anvil("--hardfork", fork)) for fork in FORKS]
        yield [stack.enter_context(Chain(node.url)) for node in nodes]


def gas_of(chain: Chain, to: str | None, data: bytes, sender: str | None = None) -> int:
    receipt = chain.send(to, data, sender)
    assert receipt["status"] == "0x1"
    return int(receipt["gasUsed"], 16)


def row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |\n"


def check_documented(table: str) -> None:
    assert table in DOCS.read_text(), f"docs/contracts.md should have:\n{table}"


def posting_gas(chain: Chain, contract: str, body_length: int, *, with_body: bool = True) -> int:
    """Gas of the second batch: from then on every posting costs the same."""
    body = compressed_body(body_length)
    first = build_batch(1, GENESIS_HASH, body)
    second = build_batch(2, first.hash, body)
    address = chain.deploy(load_artifact(contract), *CONSTRUCTOR).address
    return [gas_of(chain, address, posting(batch, with_body=with_body)) for batch in (first, second)][-1]


def posting(batch: Batch, *, with_body: bool) -> bytes:
    return calldata(batch) if with_body else encode_post_batch(batch.header_bytes, batch.signature, b"")


def test_the_table_of_postings_is_what_postings_cost(chains: list[Chain]) -> None:
    table = ""
    for length in BODY_BYTES:
        size = len(calldata(build_batch(2, GENESIS_HASH, compressed_body(length))))
        inbox = [posting_gas(chain, "BatchInbox", length) for chain in chains]
        mirror = [posting_gas(chain, "MirrorAnchor", length) for chain in chains]
        table += row(f"{length:,}", size, *inbox, *mirror)
    size = len(posting(build_batch(2, GENESIS_HASH), with_body=False))
    mirror = [posting_gas(chain, "MirrorAnchor", 118_000, with_body=False) for chain in chains]
    table += row("header only", size, "-", "-", *mirror)
    check_documented(table)


def test_the_table_of_deployments_is_what_they_cost(chains: list[Chain]) -> None:
    table = ""
    for name in ("BatchInbox", "MirrorAnchor"):
        artifact = load_artifact(name)
        deployed = chains[1].deploy(artifact, *CONSTRUCTOR)
        height = chains[1].rpc("eth_blockNumber")
        (receipt,) = chains[1].rpc("eth_getBlockReceipts", height)
        assert receipt["contractAddress"] == deployed.address
        table += row(name, len(artifact.runtime), int(receipt["gasUsed"], 16))
    check_documented(table)


def test_the_table_of_cursor_updates_is_what_they_cost(chains: list[Chain]) -> None:
    chain, sender, oracle = chains[1], "0x" + CURSOR_SENDER.hex(), "0x" + LEDGER_ORACLE.hex()
    chain.rpc("anvil_setCode", oracle, "0x" + load_artifact("LedgerOracle").runtime.hex())
    chain.rpc("anvil_impersonateAccount", sender)
    chain.rpc("anvil_setBalance", sender, hex(10**20))
    table = ""
    for count, start in ((1, 0), (3, 10), (13, 20), (40, 40)):
        first, later = (gas_of(chain, oracle, cursor_update(count, start, height), sender) for height in (1, 2))
        table += row(count, first, later)
    check_documented(table)


def cursor_update(count: int, start: int, height: int) -> bytes:
    cursors = tuple(
        Cursor(LedgerIndex(start + place), height, keccak(b"b%d" % height), height, keccak(b"m%d" % height))
        for place in range(count)
    )
    return decode_deposit(build_deposits(BlockNumber(1), cursors, ())[0]).data
