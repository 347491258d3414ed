# pragma version 0.4.3
"""
@title Spelling
@license Apache-2.0
@notice One identifier, one spelling: no spaces, and no letter in a second form.
"""

LATIN_1: constant(uint256) = 194  # lead byte of U+0080 to U+00BF, the no-break space among them
FULL_WIDTH: constant(uint256) = 239  # of U+F000 to U+FFFF
PUNCTUATION: constant(uint256) = 226 * 256 + 128  # of U+2000 to U+203F; one more, to U+207F
IDEOGRAPHIC: constant(uint256) = (227 * 256 + 128) * 256 + 128  # U+3000


@internal
@pure
def _has_no_spaces(text: Bytes[48]) -> bool:
    """
    @dev Whether a text in UTF-8 is free of control characters, of every space and joiner, of general
         punctuation with its many dashes, and of full-width letters and signs.
    """
    last: uint256 = 0  # the last three bytes
    for i: uint256 in range(len(text), bound=48):
        letter: uint256 = convert(slice(text, i, 1), uint256)
        last = ((last << 8) | letter) % 2**24
        if letter <= 32 or letter == 127 or letter == LATIN_1 or letter == FULL_WIDTH:
            return False
        pair: uint256 = last % 2**16
        if pair == PUNCTUATION or pair == PUNCTUATION + 1 or last == IDEOGRAPHIC:
            return False
    return True
