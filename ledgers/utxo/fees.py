"""What to offer per virtual byte. Pure. BIP-125 asks of a replacement a higher rate, and in all more than what it
evicts plus the relay fee of its own size."""

from dataclasses import dataclass

from rollup.core.errors import LedgerFeeTooLow

BUMP_PERMILLE = 125


@dataclass(frozen=True, slots=True)
class UtxoFees:
    """In smallest units per virtual byte. ``floor`` holds where the node has no estimate. ``target_blocks`` is within
    how many blocks a posting should be."""

    floor: int = 2
    cap: int = 1_000
    target_blocks: int = 6


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement evicts: the price of the one, the fees of it and of all that wait behind it."""

    price: int
    fees: int
    relay_price: int = 1


def choose_price(estimate: int, node_floor: int, replaced: Replaced | None, fees: UtxoFees) -> int:
    """``node_floor`` is the least that the node's pool takes. Raises LedgerFeeTooLow when the cap does not allow it."""
    needed = max(node_floor, fees.floor)
    price = max(min(estimate, fees.cap), needed)
    if replaced is not None:
        needed = max(needed, replaced.price + 1, -(-replaced.price * (1000 + BUMP_PERMILLE) // 1000))
        price = max(price, needed)
    if needed > fees.cap:
        raise LedgerFeeTooLow(f"{needed} units per vbyte are needed, the cap is {fees.cap}")
    return price


def total_fee(price: int, vbytes: int, replaced: Replaced | None, fees: UtxoFees) -> int:
    """Of a transaction of this size. Raises LedgerFeeTooLow where what it evicts makes it dearer than the cap."""
    fee = price * vbytes
    if replaced is not None:
        fee = max(fee, replaced.fees + replaced.relay_price * vbytes)
    if fee > fees.cap * vbytes:
        raise LedgerFeeTooLow(f"{fee} units for {vbytes} vbytes are needed, the cap is {fees.cap} per vbyte")
    return fee


def price_per_vbyte(units_per_kvbyte: int) -> int:
    """Nodes quote per 1,000 virtual bytes; rounded up."""
    return -(-units_per_kvbyte // 1000)
