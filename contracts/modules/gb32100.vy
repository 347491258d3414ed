# pragma version 0.4.3
"""
@title GB 32100
@license Apache-2.0
@notice The unified social credit code of GB 32100-2015: 18 characters, the last a check.
"""

WEIGHTS: constant(uint256[17]) = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
LACKING: constant(uint256) = 31


@internal
@pure
def _check(code: String[18]):
    """
    @dev Revert unless the code has 18 characters of the alphabet and the right check character.
    """
    assert len(code) == 18, "credit: code needs 18 characters"
    letters: Bytes[18] = convert(code, Bytes[18])
    total: uint256 = 0
    for i: uint256 in range(17):
        position: uint256 = self._place(convert(slice(letters, i, 1), uint256))
        assert position < LACKING, "credit: character outside the alphabet"
        total += position * WEIGHTS[i]
    # the outer remainder turns 31 into 0
    expected: uint256 = (31 - total % 31) % 31
    last: uint256 = self._place(convert(slice(letters, 17, 1), uint256))
    assert last == expected, "credit: check character is wrong"


@internal
@pure
def _place(ascii: uint256) -> uint256:
    """
    @dev Place of an ASCII character in 0123456789ABCDEFGHJKLMNPQRTUWXY.
    """
    if ascii >= 48 and ascii <= 57:
        return ascii - 48
    if ascii < 65 or ascii > 89 or ascii == 73 or ascii == 79 or ascii == 83 or ascii == 86:
        return LACKING
    place: uint256 = ascii - 55
    for lacking: uint256 in [73, 79, 83, 86]:
        if ascii > lacking:
            place -= 1
    return place
