# pragma version 0.4.3
"""
@title States
@license Apache-2.0
@notice The words of the states, so that a refused step says where things stand.
"""


@internal
@pure
def _application(state: uint256) -> String[16]:
    if state == 1:
        return "SUBMITTED"
    if state == 2:
        return "CORRECTION"
    if state == 3:
        return "ACCEPTED"
    if state == 4:
        return "UNDER_REVIEW"
    if state == 5:
        return "APPROVED"
    if state == 6:
        return "REJECTED"
    if state == 7:
        return "ISSUED"
    if state == 8:
        return "NOT_COMPETENT"
    if state == 9:
        return "SUSPENDED_REVIEW"
    if state == 10:
        return "LAPSED"
    return "UNKNOWN"


@internal
@pure
def _permit(state: uint256) -> String[16]:
    if state == 1:
        return "VALID"
    if state == 2:
        return "SUSPENDED"
    if state == 3:
        return "REVOKED"
    if state == 4:
        return "SURRENDERED"
    if state == 5:
        return "DEREGISTERED"
    if state == 6:
        return "INVALID"
    if state == 7:
        return "EXPIRED"
    if state == 8:
        return "NOT_BEGUN"
    return "UNKNOWN"


@internal
@pure
def _violation(state: uint256) -> String[16]:
    if state == 1:
        return "DETECTED"
    if state == 2:
        return "NOTIFIED"
    if state == 3:
        return "ANSWERED"
    if state == 4:
        return "RESOLVED"
    if state == 5:
        return "APPEALED"
    if state == 6:
        return "UPHELD"
    if state == 7:
        return "NOT_GENUINE"
    return "UNKNOWN"


@internal
@pure
def _proposal(state: uint256) -> String[16]:
    if state == 1:
        return "OPEN"
    if state == 2:
        return "DONE"
    if state == 3:
        return "CANCELLED"
    return "UNKNOWN"


@internal
@pure
def _council_act(state: uint256) -> String[16]:
    if state == 1:
        return "OPEN"
    if state == 2:
        return "DONE"
    if state == 3:
        return "RATIFIED"
    if state == 4:
        return "LIFTED"
    return "UNKNOWN"


@internal
@pure
def _replacement(state: uint256) -> String[16]:
    if state == 1:
        return "HELD"
    if state == 2:
        return "RELEASED"
    if state == 3:
        return "REFUSED"
    return "UNKNOWN"


@internal
@pure
def _dispute(state: uint256) -> String[16]:
    if state == 1:
        return "OPEN"
    if state == 2:
        return "UPHELD"
    if state == 3:
        return "EXPLAINED"
    return "UNKNOWN"
