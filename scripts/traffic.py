"""What the load generator sends: senders, recipients, and three kinds of traffic. Signs; knows nothing of HTTP."""

import random
from dataclasses import dataclass, field

from rollup.core.hashes import address_of, keccak, sign_hash
from rollup.core.ids import Hash
from rollup.core.rlp_items import encode_rlp, uint_bytes

GWEI = 10**9
TIP = GWEI // 1000
FEE_ROOM = 100
"""How many times the base fee may grow while transactions wait: 39 full blocks in a row."""
REGULARS = 200
"""Recipients that keep coming back; the others are addresses that no transaction has named before."""
AMOUNT_MAX = 10**6
TRANSFER_SELECTOR = keccak(b"transfer(address,uint256)")[:4]
INCREMENT_SELECTOR = keccak(b"increment(uint256)")[:4]
KINDS = ("transfers", "erc20", "mix")
MIX = (("erc20", 0.6), ("transfers", 0.3), ("calls", 0.1))
"""As ``entresol devnet --demo`` sends it: mostly tokens, some coins, a call now and then."""


@dataclass
class Sender:
    """An account with its next nonce."""

    key: bytes
    chain_id: int
    nonce: int = 0
    max_fee: int = FEE_ROOM * GWEI

    @property
    def address(self) -> bytes:
        return address_of(self.key)

    def sign(self, to: bytes, data: bytes = b"", *, value: int = 0, gas: int = 21_000) -> bytes:
        """Raw EIP-1559 transaction; the nonce moves on."""
        numbers = (self.chain_id, self.nonce, TIP, self.max_fee, gas)
        fields: list[object] = [*map(uint_bytes, numbers), to, uint_bytes(value), data, []]
        self.nonce += 1
        signature = sign_hash(self.key, Hash(keccak(b"\2" + encode_rlp(fields))))
        r, s = (uint_bytes(int.from_bytes(signature[at : at + 32], "big")) for at in (0, 32))
        return b"\2" + encode_rlp([*fields, uint_bytes(signature[64] - 27), r, s])


@dataclass
class Traffic:
    """Transactions of all senders in turn. Choices come from a seeded generator: every run sends the same.

    ``fresh`` is the share of recipients that nobody has named before.
    """

    senders: list[Sender]
    token: bytes
    counter: bytes
    fresh: float
    _random: random.Random = field(default_factory=lambda: random.Random(2511))
    _made: int = 0

    def follow_price(self, gas_price: int) -> None:
        """What is signed from now on pays up to FEE_ROOM times this."""
        for sender in self.senders:
            sender.max_fee = FEE_ROOM * gas_price

    def sign(self, kind: str, count: int) -> list[bytes]:
        """Raw transactions; the one at ``index`` comes from sender ``index % len(senders)``."""
        return [self._sign_one(kind, self.senders[index % len(self.senders)]) for index in range(count)]

    def _sign_one(self, kind: str, sender: Sender) -> bytes:
        if kind == "mix":
            names, weights = zip(*MIX, strict=True)
            kind = self._random.choices(names, weights)[0]
        amount = self._random.randrange(1, AMOUNT_MAX)
        match kind:
            case "transfers":
                return sender.sign(self._choose_recipient(), value=amount * GWEI)
            case "erc20":
                return sender.sign(self.token, transfer_data(self._choose_recipient(), amount * 10**12), gas=80_000)
            case _:
                return sender.sign(self.counter, INCREMENT_SELECTOR + amount.to_bytes(32, "big"), gas=120_000)

    def _choose_recipient(self) -> bytes:
        self._made += 1
        is_fresh = self._random.random() < self.fresh
        return keccak(b"fresh %d" % self._made if is_fresh else b"regular %d" % self._random.randrange(REGULARS))[12:]


def transfer_data(to: bytes, amount: int) -> bytes:
    """Call data of an ERC-20 transfer."""
    return TRANSFER_SELECTOR + bytes(12) + to + amount.to_bytes(32, "big")
