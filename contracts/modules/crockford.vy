# pragma version 0.4.3
"""
@title Crockford
@license Apache-2.0
@notice Short codes that people read and type: eight digits of Crockford's base 32 and his check
        symbol, which finds any one wrong digit and any two that changed places.
"""

# 0 to 9 and A to Z without I, L, O, U; the check symbol may also be one of * ~ $ = U
DIGITS: constant(bytes32) = 0x3031323334353637383941424344454647484a4b4d4e5051525354565758595a
CHECKS: constant(bytes5) = 0x2a7e243d55


@internal
@pure
def _code(digest: bytes32) -> String[9]:
    """
    @dev The first 40 bits of a digest, and what is left of their number by 37.
    """
    number: uint256 = convert(digest, uint256) >> 216
    text: uint256 = 0
    for i: uint256 in range(8):
        text = (text << 8) | self._symbol((number >> (35 - 5 * i)) & 31)
    text = (text << 8) | self._symbol(number % 37)
    return convert(slice(convert(text << 184, bytes32), 0, 9), String[9])


@internal
@pure
def _symbol(digit: uint256) -> uint256:
    if digit < 32:
        return (convert(DIGITS, uint256) >> (8 * (31 - digit))) & 255
    return (convert(CHECKS, uint256) >> (8 * (36 - digit))) & 255
