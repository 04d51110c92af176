"""The extension fields over which EIP-197's pairing is computed, on tuples of plain integers.

Fp2 = Fp[i] / (i^2 + 1); Fp6 = Fp2[v] / (v^3 - (9 + i)); Fp12 = Fp6[w] / (w^2 - v). Formulas: Devegili, O hEigeartaigh,
Scott, Dahab, "Multiplication and Squaring on Pairing-Friendly Fields" (2006). Values are reduced below the modulus.
"""

from rollup.vm.bn254 import FIELD

Fp2 = tuple[int, int]
Fp6 = tuple[Fp2, Fp2, Fp2]
Fp12 = tuple[Fp6, Fp6]

ZERO2: Fp2 = (0, 0)
ONE2: Fp2 = (1, 0)
ZERO6: Fp6 = (ZERO2, ZERO2, ZERO2)
ONE6: Fp6 = (ONE2, ZERO2, ZERO2)
ONE12: Fp12 = (ONE6, ZERO6)
XI: Fp2 = (9, 1)


def add2(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] + b[0]) % FIELD, (a[1] + b[1]) % FIELD


def sub2(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] - b[0]) % FIELD, (a[1] - b[1]) % FIELD


def neg2(a: Fp2) -> Fp2:
    return -a[0] % FIELD, -a[1] % FIELD


def mul2(a: Fp2, b: Fp2) -> Fp2:
    a0, a1 = a
    b0, b1 = b
    low, high = a0 * b0, a1 * b1
    return (low - high) % FIELD, ((a0 + a1) * (b0 + b1) - low - high) % FIELD


def square2(a: Fp2) -> Fp2:
    a0, a1 = a
    return (a0 + a1) * (a0 - a1) % FIELD, 2 * a0 * a1 % FIELD


def scale2(a: Fp2, factor: int) -> Fp2:
    return a[0] * factor % FIELD, a[1] * factor % FIELD


def conjugate2(a: Fp2) -> Fp2:
    return a[0], -a[1] % FIELD


def inverse2(a: Fp2) -> Fp2:
    norm = pow(a[0] * a[0] + a[1] * a[1], -1, FIELD)
    return a[0] * norm % FIELD, -a[1] * norm % FIELD


def mul_xi(a: Fp2) -> Fp2:
    """Times 9 + i."""
    a0, a1 = a
    return (9 * a0 - a1) % FIELD, (9 * a1 + a0) % FIELD


def power2(a: Fp2, exponent: int) -> Fp2:
    result = ONE2
    for bit in f"{exponent:b}":
        result = square2(result)
        if bit == "1":
            result = mul2(result, a)
    return result


def add6(a: Fp6, b: Fp6) -> Fp6:
    return add2(a[0], b[0]), add2(a[1], b[1]), add2(a[2], b[2])


def sub6(a: Fp6, b: Fp6) -> Fp6:
    return sub2(a[0], b[0]), sub2(a[1], b[1]), sub2(a[2], b[2])


def neg6(a: Fp6) -> Fp6:
    return neg2(a[0]), neg2(a[1]), neg2(a[2])


def mul6(a: Fp6, b: Fp6) -> Fp6:
    a0, a1, a2 = a
    b0, b1, b2 = b
    t0, t1, t2 = mul2(a0, b0), mul2(a1, b1), mul2(a2, b2)
    c0 = sub2(sub2(mul2(add2(a1, a2), add2(b1, b2)), t1), t2)
    c1 = sub2(sub2(mul2(add2(a0, a1), add2(b0, b1)), t0), t1)
    c2 = sub2(sub2(mul2(add2(a0, a2), add2(b0, b2)), t0), t2)
    return add2(t0, mul_xi(c0)), add2(c1, mul_xi(t2)), add2(c2, t1)


def mul_v(a: Fp6) -> Fp6:
    """Times v."""
    return mul_xi(a[2]), a[0], a[1]


def inverse6(a: Fp6) -> Fp6:
    a0, a1, a2 = a
    c0 = sub2(square2(a0), mul_xi(mul2(a1, a2)))
    c1 = sub2(mul_xi(square2(a2)), mul2(a0, a1))
    c2 = sub2(square2(a1), mul2(a0, a2))
    norm = add2(mul2(a0, c0), mul_xi(add2(mul2(a2, c1), mul2(a1, c2))))
    inverse = inverse2(norm)
    return mul2(c0, inverse), mul2(c1, inverse), mul2(c2, inverse)


def mul12(a: Fp12, b: Fp12) -> Fp12:
    t0, t1 = mul6(a[0], b[0]), mul6(a[1], b[1])
    cross = mul6(add6(a[0], a[1]), add6(b[0], b[1]))
    return add6(t0, mul_v(t1)), sub6(sub6(cross, t0), t1)


def square12(a: Fp12) -> Fp12:
    a0, a1 = a
    product = mul6(a0, a1)
    total = mul6(add6(a0, a1), add6(a0, mul_v(a1)))
    return sub6(sub6(total, product), mul_v(product)), add6(product, product)


def conjugate12(a: Fp12) -> Fp12:
    """The inverse of an element of the cyclotomic subgroup."""
    return a[0], neg6(a[1])


def inverse12(a: Fp12) -> Fp12:
    norm = sub6(mul6(a[0], a[0]), mul_v(mul6(a[1], a[1])))
    inverse = inverse6(norm)
    return mul6(a[0], inverse), neg6(mul6(a[1], inverse))
