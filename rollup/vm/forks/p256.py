"""Signatures on secp256r1, as the precompile of EIP-7951 checks them. Plain integers, Jacobian coordinates."""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

Point = tuple[int, int, int]
INFINITY: Point = (0, 1, 0)


def is_p256_signature(data: bytes) -> bool:
    """``data`` is digest, r, s, x, y, 32 bytes each."""
    digest, r, s, x, y = (int.from_bytes(data[at : at + 32], "big") for at in range(0, 160, 32))
    if not (0 < r < N and 0 < s < N and x < P and y < P) or (x, y) == (0, 0):
        return False
    if (y * y - x * x * x + 3 * x - B) % P:
        return False
    inverse = pow(s, -1, N)
    total = _add(_multiply((*GENERATOR, 1), digest * inverse % N), _multiply((x, y, 1), r * inverse % N))
    if not total[2]:
        return False
    return total[0] * pow(total[2], -2, P) % P % N == r


def _multiply(point: Point, factor: int) -> Point:
    total = INFINITY
    for bit in bin(factor)[2:]:
        total = _double(total)
        if bit == "1":
            total = _add(total, point)
    return total


def _double(point: Point) -> Point:
    x, y, z = point
    if not y or not z:
        return INFINITY
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    doubled_x = (alpha * alpha - 8 * beta) % P
    return doubled_x, (alpha * (4 * beta - doubled_x) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(left: Point, right: Point) -> Point:
    if not left[2]:
        return right
    if not right[2]:
        return left
    left_zz, right_zz = left[2] * left[2] % P, right[2] * right[2] % P
    u1, u2 = left[0] * right_zz % P, right[0] * left_zz % P
    s1, s2 = left[1] * right[2] * right_zz % P, right[1] * left[2] * left_zz % P
    if u1 == u2:
        return _double(left) if s1 == s2 else INFINITY
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x = (r * r - hhh - 2 * v) % P
    return x, (r * (v - x) - s1 * hhh) % P, h * left[2] * right[2] % P
