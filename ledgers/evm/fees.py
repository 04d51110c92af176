"""What to offer a ledger for a posting. Pure: market in, offer out. Prices in wei per gas."""

from dataclasses import dataclass

from rollup.core.errors import LedgerFeeTooLow

BASE_FEE_HEADROOM = 2
"""An offer outlives six full blocks in a row (EIP-1559: at most 1/8 more per block)."""

CALL_GAS = 21_000
TOKEN_GAS = 4
TOKEN_FLOOR_GAS = 10
"""Per token of calldata, a zero byte being one and any other four (EIP-7623)."""

CONTRACT_GAS = 400_000
"""Upper bound of what the contracts burn beside what grows with the calldata."""

WORD_GAS = 30
"""Per 32 bytes of calldata: copying, hashing and memory, rounded up."""


@dataclass(frozen=True, slots=True)
class FeeCaps:
    """Above these a posting waits for an operator or for better times. ``bump_permille`` is what a replacement adds
    at least: nodes want 100, and 125 leaves room for those that want more."""

    max_fee_wei: int = 500_000_000_000
    max_tip_wei: int = 50_000_000_000
    min_tip_wei: int = 1
    bump_permille: int = 125


@dataclass(frozen=True, slots=True)
class Offer:
    """``max_tip`` equals ``max_fee`` on ledgers that know a gas price only."""

    max_fee: int
    max_tip: int


def choose_offer(base_fee: int | None, tip: int, replaced: Offer | None, caps: FeeCaps) -> Offer:
    """Twice the base fee plus a tip; both at least an eighth above what is replaced. ``base_fee`` None: a ledger
    without EIP-1559, where ``tip`` is its gas price. Raises LedgerFeeTooLow when the caps do not allow it."""
    if base_fee is None:
        price = min(tip, caps.max_fee_wei)
        offer, needed = Offer(price, price), tip
    else:
        tip = min(max(tip, caps.min_tip_wei), caps.max_tip_wei)
        offer = Offer(min(base_fee * BASE_FEE_HEADROOM + tip, caps.max_fee_wei), tip)
        needed = base_fee + tip
    if replaced is not None:
        offer = Offer(
            max(offer.max_fee, _bumped(replaced.max_fee, caps)), max(offer.max_tip, _bumped(replaced.max_tip, caps))
        )
        needed = max(needed, offer.max_fee)
    if needed > caps.max_fee_wei:
        raise LedgerFeeTooLow(f"{needed} wei per gas are needed, the cap is {caps.max_fee_wei}")
    return offer


def bound_gas(calldata: bytes) -> int:
    """Gas that surely suffices to post: for a posting behind others that wait, which no node can estimate yet."""
    tokens = calldata.count(0) + 4 * (len(calldata) - calldata.count(0))
    words = len(calldata) // 32 + 1
    execution = CONTRACT_GAS + WORD_GAS * words + words * words // 256
    return max(CALL_GAS + TOKEN_GAS * tokens + execution, CALL_GAS + TOKEN_FLOOR_GAS * tokens)


def _bumped(price: int, caps: FeeCaps) -> int:
    return max(price + 1, -(-price * (1000 + caps.bump_permille) // 1000))
