"""Identity verification: what may be requested, and when (ACC-2)."""

import pytest

from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind, Verification
from domain.verification import (
    NAME_MOST,
    NUMBER_MOST,
    Draft,
    after_rejection,
    check_request,
    draft,
    while_waiting,
)

INDIVIDUAL, ORGANIZATION = IdentityKind.INDIVIDUAL, IdentityKind.ORGANIZATION
UNVERIFIED, PENDING, VERIFIED = Verification


def test_texts_are_tidied_and_the_number_may_be_left_out() -> None:
    assert draft(" Acme Ltd ", " 91-44 ", ORGANIZATION) == Draft("Acme Ltd", "91-44", ORGANIZATION)
    assert draft("x" * NAME_MOST, "", INDIVIDUAL).document_number == ""
    assert draft("x", "9" * NUMBER_MOST, INDIVIDUAL).document_number == "9" * NUMBER_MOST


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        draft(" ", "9" * (NUMBER_MOST + 1), INDIVIDUAL)
    assert [(problem.code, problem.field) for problem in refused.value.problems] == [
        (Code.REQUIRED, ("name",)),
        (Code.TOO_LONG, ("document_number",)),
    ]
    with pytest.raises(Refused) as refused:
        draft("x" * (NAME_MOST + 1), "", INDIVIDUAL)
    assert [problem.code for problem in refused.value.problems] == [Code.TOO_LONG]


@pytest.mark.parametrize("wanted", IdentityKind)
@pytest.mark.parametrize("identity", IdentityKind)
def test_who_is_not_verified_may_request_either(
    identity: IdentityKind, wanted: IdentityKind
) -> None:
    check_request(identity, UNVERIFIED, wanted, waiting=False)


def test_a_verified_individual_may_become_an_organization() -> None:
    check_request(INDIVIDUAL, VERIFIED, ORGANIZATION, waiting=False)


@pytest.mark.parametrize(
    ("identity", "verification", "wanted", "waiting", "problem"),
    [
        (
            INDIVIDUAL,
            PENDING,
            ORGANIZATION,
            True,
            Problem(
                Code.WRONG_STATE,
                "a request for identity verification waits for review: wait for its decision",
            ),
        ),
        (
            INDIVIDUAL,
            VERIFIED,
            ORGANIZATION,
            True,
            Problem(
                Code.WRONG_STATE,
                "a request for identity verification waits for review: wait for its decision",
            ),
        ),
        (
            ORGANIZATION,
            VERIFIED,
            INDIVIDUAL,
            False,
            Problem(
                Code.WRONG_STATE,
                "the account is verified as an organization already: nothing is left to do",
            ),
        ),
        (
            INDIVIDUAL,
            VERIFIED,
            INDIVIDUAL,
            False,
            Problem(
                Code.WRONG_STATE,
                "the account is verified as an individual already: request the kind "
                "organization to become one",
                ("kind",),
            ),
        ),
    ],
)
def test_other_requests_are_refused_with_the_way_out(
    identity: IdentityKind,
    verification: Verification,
    wanted: IdentityKind,
    waiting: bool,
    problem: Problem,
) -> None:
    with pytest.raises(Refused) as refused:
        check_request(identity, verification, wanted, waiting=waiting)
    assert refused.value.problems == (problem,)


def test_who_is_verified_stays_it_while_a_request_waits_and_after_a_rejection() -> None:
    assert [while_waiting(state) for state in Verification] == [PENDING, PENDING, VERIFIED]
    assert [after_rejection(state) for state in Verification] == [UNVERIFIED, UNVERIFIED, VERIFIED]
