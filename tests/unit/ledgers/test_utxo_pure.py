"""The deciding parts of the Bitcoin family's connector: identities, addresses, pointers, nonces, fees, refusals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers.transport import JsonRpcError
from ledgers.utxo.access import read_access
from ledgers.utxo.answers import read_units, show_coins
from ledgers.utxo.chain import Coin, Link, find_parent, lock_time_of, next_nonce, nonce_of, pending_nonce
from ledgers.utxo.fees import Replaced, UtxoFees, choose_price, price_per_vbyte, total_fee
from ledgers.utxo.networks import NETWORKS, check_ledger_id
from ledgers.utxo.pointers import SCRIPT_PREFIX, find_pointer, marker_of
from ledgers.utxo.refusals import is_known, translate_refusal
from rollup.core.batch import Pointer, encode_pointer
from rollup.core.errors import (
    BadConfig,
    LedgerBusy,
    LedgerFeeTooLow,
    LedgerNonceConflict,
    LedgerUnavailable,
    PostingRefused,
    RollupError,
)
from rollup.core.hashes import keccak
from rollup.core.ids import BatchNumber, LedgerId

COIN = Coin("00" * 32, 1, 10_000)
POINTER = Pointer(7, BatchNumber(3), keccak(b"batch"))
SCRIPT = SCRIPT_PREFIX + encode_pointer(POINTER)


def test_mainnets_have_the_registered_ids() -> None:
    ids = {(network.coin, network.name): network.ledger_id for network in NETWORKS}
    assert ids["bitcoin", "main"] == "bip122:000000000019d6689c085ae165831e93"
    assert ids["litecoin", "main"] == "bip122:12a765e31ffd4059bada1e25190f6e98"
    assert len(set(ids.values())) == len(NETWORKS)


@pytest.mark.parametrize("text", ["bip122:00", "eip155:1", "bip122:" + "G" * 32, "bip122:" + "0" * 33])
def test_a_wrong_id_is_told(text: str) -> None:
    with pytest.raises(BadConfig, match="write bip122:"):
        check_ledger_id(LedgerId(text))


def test_the_url_says_who_pays_and_how_to_come_in() -> None:
    access = read_access("http://u:p@node:9332/wallet/poster")
    assert (access.url, access.cookie_file, access.wallet) == ("http://u:p@node:9332/wallet/poster", None, "poster")
    access = read_access("http://node:9332?cookie=/srv/.cookie")
    assert (access.url, access.cookie_file, access.wallet) == ("http://node:9332/", Path("/srv/.cookie"), "")


@pytest.mark.parametrize(
    "url", ["ftp://node", "http://", "http://node/wallet/", "http://node/other", "http://node/?cooky=/x"]
)
def test_a_url_that_leads_nowhere_is_told(url: str) -> None:
    with pytest.raises(BadConfig):
        read_access(url)


@given(st.integers(0, 84_000_000 * 10**8))
def test_amounts_are_exact(units: int) -> None:
    assert read_units(float(show_coins(units))) == units


def test_a_pointer_is_found_among_scripts() -> None:
    assert find_pointer([b"", b"\x00\x14" + bytes(20), SCRIPT], 7) == POINTER
    assert marker_of(7) in SCRIPT.hex()


@pytest.mark.parametrize(
    "script", [b"\x6a", SCRIPT[:-1], SCRIPT + b"\x00", b"\x6a\x4c\x31" + SCRIPT[2:], b"\x6a\x31" + bytes(49)]
)
def test_what_is_no_pointer_counts_for_nothing(script: bytes) -> None:
    assert find_pointer([script], 7) is None


def test_a_pointer_of_another_rollup_counts_for_nothing() -> None:
    assert find_pointer([SCRIPT], 8) is None
    assert marker_of(8) not in SCRIPT.hex()


def test_lock_times_carry_nonces() -> None:
    assert [nonce_of(lock_time_of(nonce)) for nonce in (0, 1, 70_000)] == [0, 1, 70_000]
    assert nonce_of(499_999_999) is None
    assert nonce_of(4_294_967_295) is None


def test_the_account_counts_included_and_waiting() -> None:
    links = (Link(4, COIN, True), Link(5, COIN, False))
    assert (next_nonce(links), pending_nonce(links)) == (5, 6)
    assert (next_nonce(()), pending_nonce(())) == (0, 0)
    assert find_parent(links, 5) == links[0]
    assert find_parent(links, 6) == links[1]
    assert find_parent(links, 4) is None


@given(st.integers(1, 800), st.integers(100, 1_000), st.integers(0, 5_000))
def test_a_replacement_pays_what_bip_125_asks(price: int, vbytes: int, behind: int) -> None:
    fees = UtxoFees(cap=10**9)
    replaced = Replaced(price, price * vbytes + behind)
    bumped = choose_price(0, 1, replaced, fees)
    assert bumped * 10 >= price * 11
    assert total_fee(bumped, vbytes, replaced, fees) >= replaced.fees + vbytes


def test_prices_keep_to_floor_and_cap() -> None:
    fees = UtxoFees(floor=2, cap=50)
    assert choose_price(0, 1, None, fees) == 2
    assert choose_price(30, 1, None, fees) == 30
    assert choose_price(400, 1, None, fees) == 50  # waits at the cap
    assert price_per_vbyte(1_001) == 2
    for floor, replaced in ((51, None), (1, Replaced(50, 0))):
        with pytest.raises(LedgerFeeTooLow, match="the cap is 50"):
            choose_price(10, floor, replaced, fees)
    with pytest.raises(LedgerFeeTooLow, match="the cap is 50"):
        total_fee(40, 100, Replaced(30, 6_000), fees)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-25, "bad-txns-inputs-missingorspent", LedgerNonceConflict),
        (-26, "txn-mempool-conflict", LedgerNonceConflict),
        (-26, "insufficient fee, rejecting replacement", LedgerFeeTooLow),
        (-26, "min relay fee not met, 100 < 141", LedgerFeeTooLow),
        (-26, "too-long-mempool-chain, too many descendants", LedgerBusy),
        (-28, "Loading block index...", LedgerBusy),
        (-26, "scriptpubkey", PostingRefused),
        (-1, "Block not available (pruned data)", LedgerUnavailable),
    ],
)
def test_refusals_say_what_to_do(code: int, message: str, kind: type[RollupError]) -> None:
    assert isinstance(translate_refusal(JsonRpcError(code, message)), kind)


def test_known_bytes_are_no_refusal() -> None:
    assert is_known(JsonRpcError(-27, "Transaction already in block chain"))
    assert not is_known(JsonRpcError(-26, "txn-mempool-conflict"))
