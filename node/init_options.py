"""Reads what the options of ``entresol init`` say: ledgers, finality rules, funded accounts.

Every mistake is a ValueError whose words tell what to write instead.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from node.scaffold import COIN_LEDGERS, LedgerWish
from rollup.core.genesis import FinalityRule
from rollup.core.ids import Address

Rule = tuple[FinalityRule, int]

DEFAULT_LEDGERS = ("eip155:31337=http://127.0.0.1:8546", "eip155:31338=http://127.0.0.1:8547")
DEFAULT_RULE: Rule = (FinalityRule.TAG, 0)
DEFAULT_DEPTH: Rule = (FinalityRule.DEPTH, 6)
COIN_WEI = 10**18


def read_ledgers(texts: Iterable[str], finality: Iterable[str]) -> tuple[LedgerWish, ...]:
    """``ID=URL`` for each ledger; ``RULE`` for all of them or ``ID=RULE`` for one (tag, instant, or blocks on top)."""
    urls = dict(_read_ledger(text) for text in texts)
    rules = _read_rules(finality)
    unknown = sorted(rules.keys() - urls.keys() - {""})
    if unknown:
        raise ValueError(f"--finality names {unknown[0]}, which no --ledger names")
    if next(iter(urls), "").startswith(COIN_LEDGERS):
        raise ValueError("--ledger: the first one is the anchor, which carries whole batches: name an EVM ledger first")
    return tuple(LedgerWish(ledger_id, url, *_find_rule(rules, ledger_id)) for ledger_id, url in urls.items())


def _find_rule(rules: Mapping[str, Rule], ledger_id: str) -> Rule:
    """Ledgers of coins know depth only: a rule for all that is none is not for them."""
    usual = rules.get("", DEFAULT_RULE)
    if ledger_id.startswith(COIN_LEDGERS) and usual[0] is not FinalityRule.DEPTH:
        usual = DEFAULT_DEPTH
    return rules.get(ledger_id, usual)


def _read_ledger(text: str) -> tuple[str, str]:
    ledger_id, _, url = text.partition("=")
    if re.fullmatch(r"eip155:[1-9][0-9]{0,30}|bip122:[0-9a-f]{32}", ledger_id) is None:
        raise ValueError(
            f"--ledger {text}: write eip155:CHAIN_ID=URL, as in --ledger {DEFAULT_LEDGERS[0]}, or bip122: and the first"
            " 32 digits of the genesis hash"
        )
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"--ledger {text}: the part after = must be a URL like http://127.0.0.1:8546")
    return ledger_id, url


def _read_rules(texts: Iterable[str]) -> dict[str, Rule]:
    """By ledger id; '' holds the rule for all the others."""
    rules = {}
    for text in texts:
        ledger_id, _, rule = text.rpartition("=")
        rules[ledger_id] = _read_rule(rule)
    return rules


def _read_rule(text: str) -> Rule:
    if text in ("tag", "instant"):
        return FinalityRule(text), 0
    if re.fullmatch(r"[0-9]{1,6}", text) is None:
        raise ValueError(f"--finality {text}: write tag, instant, or how many blocks on top make a block final")
    return FinalityRule.DEPTH, int(text)


def read_funds(texts: Iterable[str]) -> dict[Address, int]:
    """``ADDRESS=COINS`` for each account that owns something at the genesis; amounts in wei."""
    return dict(_read_fund(text) for text in texts)


def _read_fund(text: str) -> tuple[Address, int]:
    address, _, coins = text.partition("=")
    try:
        wei = Decimal(coins) * COIN_WEI
    except InvalidOperation:
        wei = Decimal(-1)
    is_whole = wei.is_finite() and wei == wei.to_integral_value() and 0 < wei < 2**128
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", address) is None or not is_whole:
        raise ValueError(f"--fund {text}: write ADDRESS=COINS, as in --fund 0x00..01=1000")
    return Address(bytes.fromhex(address[2:])), int(wei)
