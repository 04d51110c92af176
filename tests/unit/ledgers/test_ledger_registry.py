"""Ledgers by family."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledgers.memory import MemoryLedger, memory_ledger_id
from ledgers.registry import LedgerSettings, open_ledger
from rollup.core.errors import BadConfig
from rollup.core.genesis import FinalityRule, LedgerRole, LedgerSpec
from rollup.core.hashes import keccak
from rollup.core.ids import LedgerId, LedgerIndex
from rollup.core.ledger import CarriesPostings, PostingForm

KEY = bytes(keccak(b"poster"))
EVM = LedgerSpec(
    index=LedgerIndex(0),
    ledger_id=LedgerId("eip155:31337"),
    family="evm",
    role=LedgerRole.ANCHOR,
    finality=FinalityRule.DEPTH,
    finality_depth=3,
    address="0x" + "ab" * 20,
    start_height=0,
)
MEMORY = replace(EVM, family="memory", ledger_id=memory_ledger_id("Chain"), role=LedgerRole.MIRROR, address="")
REMOTE = replace(MEMORY, family="remote")
UTXO = replace(MEMORY, family="utxo", ledger_id=LedgerId("bip122:12a765e31ffd4059bada1e25190f6e98"))
URL = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("spec", "url", "posts"),
    [(EVM, URL, True), (MEMORY, "memory://Chain", True), (MEMORY, URL, False), (REMOTE, URL, False)],
)
async def test_a_key_opens_posting_where_the_family_posts(spec: LedgerSpec, url: str, posts: bool) -> None:
    async with open_ledger(spec, LedgerSettings(url), 7) as ledger:
        assert ledger.ledger_id == spec.ledger_id
        assert not isinstance(ledger, CarriesPostings)
    async with open_ledger(spec, LedgerSettings(url, KEY), 7) as ledger:
        assert isinstance(ledger, CarriesPostings) is posts


@pytest.mark.parametrize(("path", "posts"), [("/", False), ("/wallet/poster", True)])
async def test_a_wallet_opens_posting_on_the_bitcoin_family(path: str, posts: bool) -> None:
    async with open_ledger(UTXO, LedgerSettings(URL + path, fee_max=500 * 10**9), 7) as ledger:
        assert ledger.ledger_id == UTXO.ledger_id
        assert isinstance(ledger, CarriesPostings) is posts


@pytest.mark.parametrize(
    "spec",
    [
        replace(UTXO, role=LedgerRole.ANCHOR),
        replace(UTXO, finality=FinalityRule.TAG),
        replace(UTXO, ledger_id=LedgerId("eip155:1")),
    ],
)
async def test_what_the_bitcoin_family_cannot_be_is_told(spec: LedgerSpec) -> None:
    with pytest.raises(BadConfig):
        async with open_ledger(spec, LedgerSettings(URL), 7):
            pass


@pytest.mark.parametrize(
    ("spec", "configured", "form"),
    [
        (EVM, None, PostingForm.FULL),
        (replace(EVM, role=LedgerRole.MIRROR), None, PostingForm.HEADER),
        (replace(EVM, role=LedgerRole.MIRROR), PostingForm.FULL, PostingForm.FULL),
        (MEMORY, None, PostingForm.POINTER),
        (MEMORY, PostingForm.FULL, PostingForm.FULL),
    ],
)
async def test_the_form_follows_the_role_unless_configured(
    spec: LedgerSpec, configured: PostingForm | None, form: PostingForm
) -> None:
    url = "memory://Chain" if spec.family == "memory" else URL
    async with open_ledger(spec, LedgerSettings(url, KEY, configured), 7) as ledger:
        assert isinstance(ledger, CarriesPostings)
        assert ledger.posting_form is form


async def test_a_memory_ledger_continues_from_the_file_in_its_address(tmp_path: Path) -> None:
    settings = LedgerSettings(f"memory://Chain{tmp_path}/chain.jsonl", KEY)
    for height in (1, 2):
        async with open_ledger(MEMORY, settings, 7) as ledger:
            assert isinstance(ledger, MemoryLedger)
            await ledger.network.mine()
            head = await ledger.read_head()
            assert (head.block.height, head.finalized_height) == (height, max(height - 3, -1))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (replace(EVM, family="other"), "write one of evm, memory, remote"),
        (replace(EVM, address="0x12"), "40 hex digits"),
        (replace(EVM, address="zz"), "40 hex digits"),
        (replace(EVM, ledger_id=LedgerId("cosmos:hub")), "eip155:"),
        (replace(MEMORY, ledger_id=memory_ledger_id("other")), "memory://Chain is"),
        (REMOTE, "no http address"),
        (EVM, "no http address"),
    ],
)
async def test_a_wrong_entry_says_what_to_write(spec: LedgerSpec, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        async with open_ledger(spec, LedgerSettings("memory://Chain"), 7):
            pass
