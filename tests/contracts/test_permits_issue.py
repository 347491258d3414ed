"""Issuing: the permit takes over the application's face and opens the account that counts."""

import pytest

from tests.contracts.answers import events, reason
from tests.contracts.suite import ABSTRACTION, COD, DRAINAGE, HASH, NOW, T0, word

PH = word("ph")
NUMBER = "C440114S2020-0005"
COD_LIMIT = (COD, 1, 0, 350_000_000, False, True)
PH_LIMIT = (PH, 1, 6_000, 9_000, True, True)


def issued(suite, limits=(), number=NUMBER, **changed):
    return suite.permit_registry.issue(
        suite.approved(**changed), number, 1, list(limits), 0, sender=suite.issuer
    )


def refused(suite, application, number=NUMBER, scheme_id=1, limits=()):
    return reason(
        suite.permit_registry.issue,
        application,
        number,
        scheme_id,
        list(limits),
        0,
        sender=suite.issuer,
    )


def test_issue_takes_over_the_face_of_the_application(suite):
    application = suite.approved(annual_l=2_000_000, peak_l_h=9_000)
    face = suite.applications.face(application)

    permit_id = suite.permit_registry.issue(application, NUMBER, 1, [], 0, sender=suite.issuer)

    about = {"holder": 2, "kind": ABSTRACTION, "number": NUMBER, "application_id": application}
    dates = {"from_at": face.from_at, "until_at": face.until_at, "in_force_at": 0}
    version = {"version": 1, "cause": 1, "by": suite.issuer, "annual_l": 2_000_000}
    assert events(suite.permit_registry) == [
        ("PermitIssued", {"permit_id": permit_id, "stated_at": NOW} | about),
        ("VersionOpened", {"permit_id": permit_id, "document_hash": HASH} | version | dates),
    ]
    permit = suite.permit_registry.permit(permit_id)
    terms = suite.permit_registry.terms(permit_id, 1)
    of_the_application = ("kind", "amends", "needs_works", "level")
    shared = [field for field in face._fields if field not in of_the_application]
    assert [getattr(terms, f) for f in shared] == [getattr(face, f) for f in shared]
    assert (terms.application_id, terms.cause, terms.in_force_at) == (application, 1, 0)
    assert tuple(permit) == (NUMBER, ABSTRACTION, 2, 1, NOW, 1, 0, 1)
    assert suite.permit_registry.latest(permit_id) == terms
    assert suite.applications.application(application).state == 7


def test_a_permit_is_found_by_number_and_by_the_holder_of_a_credit_code(suite):
    permit_id = issued(suite)
    other = issued(suite, number="C440114S2020-0006")
    registry = suite.permit_registry

    org_id = suite.authority.org_by_code("91330100799655058B")

    assert registry.permit_by_number(NUMBER) == permit_id
    assert registry.permit_by_number("C440114S2020-9999") == 0
    assert registry.permit_count() == registry.holder_count(org_id) == 2
    assert registry.permits_of(org_id, 0, 100) == [permit_id, other]
    assert registry.permits_of(org_id, 1, 100) == [other]
    assert registry.permits_of(org_id, 0, 1) == [permit_id]
    assert registry.permits_of(org_id, 2, 100) == registry.permits_of(1, 0, 100) == []


def test_an_abstraction_permit_opens_its_account_in_the_quota_tracker(suite):
    permit_id = issued(suite, annual_l=2_000_000, peak_l_h=9_000)

    account = tuple(suite.quota_tracker.account(permit_id))

    until_at = suite.permit_registry.latest(permit_id).until_at
    assert account == (1, 2_000_000, 9_000, 1, T0, until_at, 0)
    assert suite.discharge_limits.outlet_station(permit_id) == 0


def test_a_drainage_permit_opens_an_outlet_and_its_volume_account(suite):
    permit_id = issued(suite, [COD_LIMIT], kind=DRAINAGE, annual_l=2_000_000)

    assert suite.discharge_limits.outlet_station(permit_id) == 1
    assert suite.discharge_volumes.account(permit_id).plan_l == 2_000_000
    assert tuple(suite.discharge_limits.outlet(permit_id, NOW)) == (1, 0, 2_000_000)
    assert suite.quota_tracker.account(permit_id).until_at == 0


def test_the_conditions_of_a_drainage_permit_are_found_by_parameter(suite):
    permit_id = issued(suite, [COD_LIMIT, PH_LIMIT], kind=DRAINAGE)
    registry = suite.permit_registry

    assert [tuple(limit) for limit in registry.limits(permit_id)] == [COD_LIMIT, PH_LIMIT]
    assert tuple(registry.limit_for(permit_id, PH, 1)) == PH_LIMIT
    for parameter, basis in ((word("tn"), 1), (PH, 2)):
        none = registry.limit_for(permit_id, parameter, basis)
        assert tuple(none) == (b"\0" * 32, 0, 0, 0, False, False)


def test_issue_refuses_an_application_that_is_not_approved(suite):
    waiting = suite.applications.apply(suite.face(), 0, sender=suite.holder)
    taken = suite.approved()
    suite.permit_registry.issue(taken, NUMBER, 1, [], 0, sender=suite.issuer)

    why = "applications: to issue, must be APPROVED"
    assert refused(suite, waiting, "N-2") == f"{why}, is SUBMITTED"
    assert refused(suite, taken, "N-2") == f"{why}, is ISSUED"
    assert refused(suite, 99, "N-2") == f"{why}, is UNKNOWN"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "permits: empty number"),
        ("C440114S2020 0005", "permits: number has spaces or lower case"),
        ("c440114S2020-0005", "permits: number has spaces or lower case"),
        (" C440114S2020-0005", "permits: number has spaces or lower case"),
        ("C440114S2020-0005z", "permits: number has spaces or lower case"),
        ("C440114S2020\t0005", "permits: number has spaces or lower case"),
        ("C440114S2020-0005\u3000", "permits: number has spaces or lower case"),
    ],
)
def test_issue_refuses_a_number_of_another_spelling(suite, number, why):
    assert refused(suite, suite.approved(), number) == why


def test_issue_refuses_a_number_twice(suite):
    issued(suite)

    assert refused(suite, suite.approved()) == "permits: number is taken"


def test_issue_refuses_unknown_schemes_and_limits_that_do_not_fit(suite):
    abstraction, drainage = suite.approved(), suite.approved(kind=DRAINAGE)
    unbound = (COD, 1, 0, 0, False, False)

    assert refused(suite, abstraction, scheme_id=0) == "permits: unknown scheme"
    assert refused(suite, abstraction, scheme_id=2) == "permits: unknown scheme"
    discharge = "permits: abstraction has no discharge limits"
    assert refused(suite, abstraction, limits=[COD_LIMIT]) == discharge
    assert refused(suite, drainage, limits=[unbound]) == "permits: limit without bound"
    empty = (COD, 1, 2, 1, True, True)
    assert refused(suite, drainage, limits=[empty]) == "permits: limit is empty"
    # the second would be ignored: both bounds of a parameter stand in one limit
    halves = [(PH, 1, 6_000, 0, True, False), PH_LIMIT, (PH, 1, 0, 9_000, False, True)]
    for pair in (halves[:2], halves[1:], halves[::2]):
        assert refused(suite, drainage, limits=pair) == "permits: parameter has two limits"
    for basis in (0, 6):
        unknown = refused(suite, drainage, limits=[(COD, basis, 0, 1, False, True)])
        assert unknown == "permits: unknown basis"
    for basis in (2, 3, 4, 5):
        lower = refused(suite, drainage, limits=[(COD, basis, 1, 2, True, True)])
        assert lower == "permits: month and load have an upper limit only"
        for hi in (-1, 2**96 + 1):
            far = refused(suite, drainage, limits=[(COD, basis, 0, hi, False, True)])
            assert far == "permits: limit out of range"
    assert suite.applications.application(drainage).state == 5


def test_a_parameter_may_be_limited_once_on_each_basis(suite):
    limits = [(COD, basis, 0, hi, False, True) for basis, hi in enumerate((9, 0, 2**96, 7, 5), 1)]

    permit_id = issued(suite, limits, kind=DRAINAGE)

    assert [suite.permit_registry.limit_for(permit_id, COD, n).hi for n in range(1, 6)] == [
        *(9, 0, 2**96, 7, 5)
    ]


def test_the_station_of_a_permit_is_that_of_the_terms_in_force(suite):
    permit_id = issued(suite)

    assert suite.permit_registry.station_at(permit_id, 0) == 1
    assert suite.permit_registry.station_at(permit_id, NOW) == 1


@pytest.mark.parametrize("contract", ["quota_tracker", "discharge_volumes"])
def test_an_account_is_opened_once_and_with_a_sound_face_whatever_is_asked(suite, contract):
    book = getattr(suite, contract)
    opener = suite.permit_registry if contract == "quota_tracker" else suite.discharge_limits
    sound = (9, 1, 1_000, 10, 1, T0, NOW)
    book.open_account(*sound, sender=opener.address)
    broken = {
        (9, 1, 1_000, 10, 1, T0, NOW): "meters: account is open",
        (8, 1, 0, 10, 1, T0, NOW): "meters: plan out of range",
        (8, 1, 2**48, 10, 1, T0, NOW): "meters: plan out of range",
        (8, 1, 1_000, 0, 1, T0, NOW): "meters: peak out of range",
        (8, 1, 1_000, 2**32, 1, T0, NOW): "meters: peak out of range",
        (8, 1, 1_000, 10, 1, NOW, NOW): "meters: validity out of range",
        (8, 1, 1_000, 10, 1, T0, 2**32): "meters: validity out of range",
    }

    answers = {face: reason(book.open_account, *face, sender=opener.address) for face in broken}

    assert answers == broken
