"""What a transaction read, as it was before, and what it made of that: geth's prestateTracer."""

from dataclasses import dataclass, field
from typing import Any

from eth.exceptions import VMError

from rollup.core.errors import BadSignature, UnknownTracer
from rollup.core.forks import Fork
from rollup.core.hashes import keccak
from rollup.core.ids import Address, Hash
from rollup.core.tracing import TracerSpec
from rollup.core.transaction import Authorization
from rollup.vm.delegation import is_delegation, recover_authority
from rollup.vm.fork import ChainState
from rollup.vm.messages import contract_address_of
from rollup.vm.tracing import mnemonics
from rollup.vm.tracing.struct_log import FAULTS_BEFORE_STEP
from rollup.vm.tracing.tracer import TraceContext, Tracer, TransactionEnd, TransactionStart, WatchedFrame

ACCOUNT_BYTES, SLOT_BYTES = 200, 140
CALL_OPERANDS_MIN = 5
CREATE2_OPERANDS = 4
MEMORY_MAX = 2**24
"""More than any gas limit pays for."""
READS = frozenset({mnemonics.BALANCE, mnemonics.EXTCODESIZE, mnemonics.EXTCODECOPY, mnemonics.EXTCODEHASH})
WATCHED = READS | mnemonics.CALLS | mnemonics.CREATIONS | {mnemonics.SLOAD, mnemonics.SSTORE, mnemonics.SELFDESTRUCT}


@dataclass(slots=True)
class Before:
    """An account as the transaction found it; ``slots`` only those that it looked at."""

    balance: int
    nonce: int
    code: bytes
    slots: dict[int, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.balance or self.nonce or self.code)


@dataclass(slots=True)
class _Glance:
    """What one instruction added, for the case that it could not be paid for."""

    accounts: list[bytes] = field(default_factory=list)
    slot: tuple[bytes, int] | None = None
    deleted: bytes | None = None


class StateWatch(Tracer):
    """Notes every account and slot before it can change."""

    def __init__(self, context: TraceContext) -> None:
        self.before: dict[bytes, Before] = {}
        self.created: set[bytes] = set()
        self.deleted: set[bytes] = set()
        self._budget = context.budget
        self._glances: list[_Glance | None] = []

    def on_start(self, start: TransactionStart) -> None:
        state = start.state
        if start.is_creation:
            self.created.add(start.target)
        elif (delegate := _delegate_of(state, start.target)) is not None:
            self._note(state, delegate)
        for address in (start.sender, start.target, state.environment.rule.coinbase):
            self._note(state, address)
        for authorization in start.authorizations:
            if (authority := _authority_of(authorization)) is not None:
                self._note(state, authority)

    def _note(self, state: ChainState, address: bytes, glance: _Glance | None = None) -> None:
        if address in self.before:
            return
        code = state.get_code(address)
        self._budget.spend(ACCOUNT_BYTES + 2 * len(code))
        self.before[address] = Before(state.get_balance(address), state.get_nonce(address), code)
        if glance is not None:
            glance.accounts.append(address)

    def on_step(self, frame: WatchedFrame, position: int, opcode: int) -> None:  # noqa: ARG002
        if opcode not in WATCHED:
            self._glances.append(None)
            return
        glance = _Glance()
        self._glances.append(glance)
        stack, state = frame.stack, frame.state
        if opcode in (mnemonics.SLOAD, mnemonics.SSTORE) and stack:
            self._note_slot(frame, stack[-1], glance)
        elif (opcode in READS or opcode == mnemonics.SELFDESTRUCT) and stack:
            self._note(state, _address(stack[-1]), glance)
            if opcode == mnemonics.SELFDESTRUCT and (state.fork < Fork.CANCUN or frame.address in self.created):
                self._delete(frame.address, glance)
        elif opcode in mnemonics.CALLS and len(stack) >= CALL_OPERANDS_MIN:
            self._note_call(state, _address(stack[-2]), glance)
        elif opcode in mnemonics.CREATIONS:
            self._note_creation(frame, opcode, glance)

    def _note_slot(self, frame: WatchedFrame, slot: int, glance: _Glance) -> None:
        self._note(frame.state, frame.address, glance)
        slots = self.before[frame.address].slots
        if slot not in slots:
            self._budget.spend(SLOT_BYTES)
            slots[slot] = frame.state.get_storage(frame.address, slot)
            glance.slot = (frame.address, slot)

    def _delete(self, address: bytes, glance: _Glance) -> None:
        if address not in self.deleted:
            self.deleted.add(address)
            glance.deleted = address

    def _note_call(self, state: ChainState, address: bytes, glance: _Glance) -> None:
        self._note(state, address, glance)
        if (delegate := _delegate_of(state, address)) is not None:
            self._note(state, delegate, glance)

    def _note_creation(self, frame: WatchedFrame, opcode: int, glance: _Glance) -> None:
        created = _created_by(frame, opcode)
        if created is not None:
            self._note(frame.state, created, glance)
            self.created.add(created)

    def on_paid(self, frame: WatchedFrame, opcode: int, cost: int, fault: VMError | None) -> None:  # noqa: ARG002
        glance = self._glances.pop()
        if glance is None or not isinstance(fault, FAULTS_BEFORE_STEP):
            return
        if glance.slot is not None:
            del self.before[glance.slot[0]].slots[glance.slot[1]]
        for address in glance.accounts:
            del self.before[address]
        if glance.deleted is not None:
            self.deleted.discard(glance.deleted)


class PrestateTracer(StateWatch):
    """``diffMode`` shows what changed, before and after; otherwise everything that was read."""

    def __init__(self, spec: TracerSpec, context: TraceContext) -> None:
        super().__init__(context)
        options = spec.options
        self._is_diff = bool(options.get("diffMode"))
        self._shows_code = not options.get("disableCode")
        self._shows_storage = not options.get("disableStorage")
        self._shows_empty = bool(options.get("includeEmpty"))
        if self._is_diff and self._shows_empty:
            raise UnknownTracer("cannot use diffMode with includeEmpty")
        self._result: dict[str, Any] = {}

    def on_end(self, end: TransactionEnd) -> None:
        rows = {address: self._account(before) for address, before in self.before.items()}
        shown = {address for address, before in self.before.items() if self._shows_empty or not before.is_empty}
        if not self._is_diff:
            self._result = {_hex(address): row for address, row in rows.items() if address in shown}
            return
        pre, post = {}, {}
        for address, row in rows.items():
            is_deleted = address in self.deleted
            changes = None if is_deleted else self._changes(end.state, address, row)
            if changes is not None:
                post[_hex(address)] = changes
            if address in shown and (is_deleted or changes is not None):
                pre[_hex(address)] = row
        self._result = {"post": post, "pre": pre}

    def _account(self, before: Before) -> dict[str, Any]:
        row: dict[str, Any] = {"balance": hex(before.balance)}
        if before.code and self._shows_code:
            row["code"] = _hex(before.code)
        if before.code:
            row["codeHash"] = _hex(keccak(before.code))
        if before.nonce:
            row["nonce"] = before.nonce
        if before.slots and self._shows_storage:
            row["storage"] = {_word(slot): _word(value) for slot, value in before.slots.items()}
        return row

    def _changes(self, state: ChainState, address: bytes, row: dict[str, Any]) -> dict[str, Any] | None:
        """What the account has now, where it differs, or None; slots of ``row`` that did not change, or were empty, are
        taken away from it."""
        before = self.before[address]
        changes: dict[str, Any] = {}
        if (balance := state.get_balance(address)) != before.balance:
            changes["balance"] = hex(balance)
        code_hash = Hash(state.get_code_hash(address))
        if code_hash != keccak(before.code):
            changes["codeHash"] = _hex(code_hash)
            if self._shows_code:
                changes["code"] = _hex(state.get_code(address))
        if (nonce := state.get_nonce(address)) != before.nonce:
            changes["nonce"] = nonce
        slots = self._changed_slots(state, address) if self._shows_storage else {}
        if now := {_word(slot): _word(value) for slot, value in slots.items() if value}:
            changes["storage"] = now
        row.pop("storage", None)
        if was := {_word(slot): _word(before.slots[slot]) for slot in slots if before.slots[slot]}:
            row["storage"] = was
        return changes if changes or slots else None

    def _changed_slots(self, state: ChainState, address: bytes) -> dict[int, int]:
        slots = self.before[address].slots
        now = {slot: state.get_storage(address, slot) for slot in slots}
        return {slot: value for slot, value in now.items() if value != slots[slot]}

    def result(self) -> Any:
        return self._result


def _created_by(frame: WatchedFrame, opcode: int) -> Address | None:
    """The address of the contract that a CREATE or CREATE2 is about to make, if it has its operands."""
    stack = frame.stack
    if opcode == mnemonics.CREATE:
        return contract_address_of(frame.address, frame.state.get_nonce(frame.address))
    if len(stack) < CREATE2_OPERANDS or stack[-2] + stack[-3] > MEMORY_MAX:
        return None
    start, size = stack[-2], stack[-3]
    code = bytes(frame.memory[start : start + size]).ljust(size, b"\x00")
    return Address(keccak(b"\xff" + frame.address + stack[-4].to_bytes(32, "big") + keccak(code))[12:])


def _delegate_of(state: ChainState, address: bytes) -> bytes | None:
    code = state.get_code(address)
    return code[3:] if state.fork >= Fork.PRAGUE and is_delegation(code) else None


def _authority_of(authorization: Authorization) -> Address | None:
    try:
        return recover_authority(authorization)
    except BadSignature:
        return None


def _address(word: int) -> bytes:
    return word.to_bytes(32, "big")[12:]


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _word(value: int) -> str:
    return f"0x{value:064x}"
