"""Evidence grades: who vouches for a reading, the best first, as the leaves have them."""

DEVICE, GATEWAY, OPERATOR, LABORATORY, MANUAL = range(1, 6)
GRADES = {
    DEVICE: "device-signed",
    GATEWAY: "gateway",
    OPERATOR: "operator's oracle",
    LABORATORY: "laboratory",
    MANUAL: "manual",
}


def unsigned(grade: int) -> int:
    """The best grade that a reading without a signature can have, 1 to 5."""
    return max(grade, OPERATOR)
