"""The line of transactions that may run now, in order of arrival, searchable by fee cap.

Block building asks one question: which is the earliest arrival that pays this base fee? A heap by arrival cannot answer
it without walking over everything that pays too little; this tree of maxima does, in O(log n) per answer, however the
base fee moves and however many cheap transactions wait. Pure; knows slots and fees, no transactions.
"""


class ArrivalLine:
    """Slots are handed out in order of arrival; a slot holds a fee cap in wei, or 0 when nothing may be taken from it.

    The slots run out in the end: ``is_exhausted`` then says so, and the owner starts a new line with what it holds.
    """

    __slots__ = ("_leaves", "_next", "_tree")

    def __init__(self, slots_min: int) -> None:
        self._leaves = 1 << (slots_min - 1).bit_length()
        self._tree = [0] * (2 * self._leaves)
        self._next = 0

    def fill(self, fees: list[int]) -> None:
        """Open the first slots of a new line at these fees, all at once."""
        tree, first, last = self._tree, self._leaves, self._leaves + len(fees) - 1
        tree[first : last + 1] = fees
        self._next = len(fees)
        while first > 1:
            first, last = first // 2, last // 2
            below = tree[2 * first : 2 * last + 2]
            tree[first : last + 1] = map(max, below[::2], below[1::2])

    @property
    def is_exhausted(self) -> bool:
        return self._next == self._leaves

    @property
    def fee_max(self) -> int:
        """The highest fee cap in the line; 0 when nothing may be taken."""
        return self._tree[1]

    def open_slot(self) -> int:
        """A closed slot (fee 0) behind all others. Only while not exhausted."""
        slot = self._next
        self._next += 1
        return slot

    def set_fee(self, slot: int, fee: int) -> None:
        """Open the slot at this fee cap, or close it with 0."""
        tree = self._tree
        node = slot + self._leaves
        tree[node] = fee
        node >>= 1
        while node:
            left, right = tree[2 * node], tree[2 * node + 1]
            best = left if left >= right else right
            if tree[node] == best:
                return
            tree[node] = best
            node >>= 1

    def first_slot(self, fee_min: int) -> int | None:
        """The earliest open slot whose fee cap is at least ``fee_min`` (> 0)."""
        tree, node = self._tree, 1
        if tree[1] < fee_min:
            return None
        while node < self._leaves:
            node *= 2
            if tree[node] < fee_min:
                node += 1
        return node - self._leaves
