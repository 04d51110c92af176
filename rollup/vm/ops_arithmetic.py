"""Instructions that look at the stack alone (Yellow Paper, appendix H.2, 0s to 1s and the stack operations)."""

from rollup.vm.frame import Frame, charge

WORD = 1 << 256
MASK = WORD - 1
SIGN = 1 << 255
GAS_EXP_BYTE = 50


def _signed(value: int) -> int:
    return value - WORD if value & SIGN else value


def add(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = (stack.pop() + stack[-1]) & MASK


def mul(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = (stack.pop() * stack[-1]) & MASK


def sub(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = (stack.pop() - stack[-1]) & MASK


def div(frame: Frame, _: int) -> None:
    stack = frame.stack
    dividend, divisor = stack.pop(), stack[-1]
    stack[-1] = dividend // divisor if divisor else 0


def sdiv(frame: Frame, _: int) -> None:
    stack = frame.stack
    dividend, divisor = _signed(stack.pop()), _signed(stack[-1])
    quotient = abs(dividend) // abs(divisor) if divisor else 0
    stack[-1] = (quotient if (dividend < 0) == (divisor < 0) else -quotient) & MASK


def mod(frame: Frame, _: int) -> None:
    stack = frame.stack
    dividend, divisor = stack.pop(), stack[-1]
    stack[-1] = dividend % divisor if divisor else 0


def smod(frame: Frame, _: int) -> None:
    stack = frame.stack
    dividend, divisor = _signed(stack.pop()), _signed(stack[-1])
    rest = abs(dividend) % abs(divisor) if divisor else 0
    stack[-1] = (-rest if dividend < 0 else rest) & MASK


def addmod(frame: Frame, _: int) -> None:
    stack = frame.stack
    total, modulus = stack.pop() + stack.pop(), stack[-1]
    stack[-1] = total % modulus if modulus else 0


def mulmod(frame: Frame, _: int) -> None:
    stack = frame.stack
    product, modulus = stack.pop() * stack.pop(), stack[-1]
    stack[-1] = product % modulus if modulus else 0


def exp(frame: Frame, _: int) -> None:
    stack = frame.stack
    base, exponent = stack.pop(), stack[-1]
    charge(frame, (exponent.bit_length() + 7) // 8 * GAS_EXP_BYTE)
    stack[-1] = pow(base, exponent, WORD)


def signextend(frame: Frame, _: int) -> None:
    stack = frame.stack
    size, value = stack.pop(), stack[-1]
    if size < 31:
        below = (1 << (8 * size + 7)) - 1
        stack[-1] = (value | (MASK ^ below)) if value & (below + 1) else value & below


def lt(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 1 if stack.pop() < stack[-1] else 0


def gt(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 1 if stack.pop() > stack[-1] else 0


def slt(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 1 if _signed(stack.pop()) < _signed(stack[-1]) else 0


def sgt(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 1 if _signed(stack.pop()) > _signed(stack[-1]) else 0


def eq(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 1 if stack.pop() == stack[-1] else 0


def iszero(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = 0 if stack[-1] else 1


def and_(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = stack.pop() & stack[-1]


def or_(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = stack.pop() | stack[-1]


def xor(frame: Frame, _: int) -> None:
    stack = frame.stack
    stack[-1] = stack.pop() ^ stack[-1]


def not_(frame: Frame, _: int) -> None:
    frame.stack[-1] ^= MASK


def byte(frame: Frame, _: int) -> None:
    stack = frame.stack
    index, value = stack.pop(), stack[-1]
    stack[-1] = (value >> (248 - 8 * index)) & 0xFF if index < 32 else 0


def shl(frame: Frame, _: int) -> None:
    stack = frame.stack
    shift, value = stack.pop(), stack[-1]
    stack[-1] = (value << shift) & MASK if shift < 256 else 0


def shr(frame: Frame, _: int) -> None:
    stack = frame.stack
    shift, value = stack.pop(), stack[-1]
    stack[-1] = value >> shift if shift < 256 else 0


def sar(frame: Frame, _: int) -> None:
    stack = frame.stack
    shift, value = stack.pop(), stack[-1]
    stack[-1] = (_signed(value) >> min(shift, 256)) & MASK


def pop(frame: Frame, _: int) -> None:
    frame.stack.pop()


def push(frame: Frame, value: int) -> None:
    frame.stack.append(value)


def dup(frame: Frame, index: int) -> None:
    stack = frame.stack
    stack.append(stack[index])


def swap(frame: Frame, index: int) -> None:
    stack = frame.stack
    stack[-1], stack[index] = stack[index], stack[-1]


def clz(frame: Frame, _: int) -> None:
    """Leading zero bits (EIP-7939)."""
    frame.stack[-1] = 256 - frame.stack[-1].bit_length()
