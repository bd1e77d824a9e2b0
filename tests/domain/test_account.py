"""What an identity may do (ACC-2, ACC-3), passwords (ACC-4) and user names (CAM-1)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Capability, check_password, generate_password, permit, user_name
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind

INDIVIDUAL, ORGANIZATION = IdentityKind.INDIVIDUAL, IdentityKind.ORGANIZATION
VERIFIED_ONLY = {Capability.CREATE_APPLICATION, Capability.SHORT_URL}
ORGANIZATIONS_ONLY = set(Capability) - {Capability.CREATE_APPLICATION}


@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("kind", IdentityKind)
@pytest.mark.parametrize("verified", [False, True])
def test_the_whole_table(capability: Capability, kind: IdentityKind, verified: bool) -> None:
    may = (verified or capability not in VERIFIED_ONLY) and (
        kind is ORGANIZATION or capability not in ORGANIZATIONS_ONLY
    )
    if may:
        permit(kind, verified, capability)
        return
    with pytest.raises(Refused) as refused:
        permit(kind, verified, capability)
    [problem] = refused.value.problems
    assert problem.code is Code.NOT_PERMITTED


@pytest.mark.parametrize(
    ("kind", "verified", "capability", "message"),
    [
        (
            INDIVIDUAL,
            True,
            Capability.FREQUENCY_RULE,
            (
                "changing frequency limits is for organizations and this account is "
                "an individual's: request verification as an organization (verificationRequest)"
            ),
        ),
        (
            ORGANIZATION,
            False,
            Capability.SHORT_URL,
            (
                "creating short URLs needs a verified identity: request it (verificationRequest), "
                "or wait for the decision on the request"
            ),
        ),
    ],
)
def test_a_refusal_says_why_and_what_would_help(
    kind: IdentityKind,
    verified: bool,
    capability: Capability,
    message: str,
) -> None:
    with pytest.raises(Refused) as refused:
        permit(kind, verified, capability)
    assert refused.value.problems == (Problem(Code.NOT_PERMITTED, message),)


class TestPassword:
    """Eight characters of four classes; generated ones have 32."""

    @pytest.mark.parametrize("password", ["Aa1!aaaa", "Aa1!" + "ä" * 124])
    def test_good_ones(self, password: str) -> None:
        check_password(password)

    @pytest.mark.parametrize(
        ("password", "found"),
        [
            ("Aa1!aaa", [(Code.TOO_SHORT, "password is too short: use at least 8 characters")]),
            (
                "Aa1!" + "a" * 125,
                [(Code.TOO_LONG, "password is too long: use at most 128 characters")],
            ),
            ("aa1!aaaa", [(Code.INVALID, "password is too simple: add an upper-case letter")]),
            ("AA1!AAAA", [(Code.INVALID, "password is too simple: add a lower-case letter")]),
            ("Aaa!aaaa", [(Code.INVALID, "password is too simple: add a digit")]),
            ("Aa1aaaaa", [(Code.INVALID, "password is too simple: add a special character")]),
            (
                "aaa",
                [
                    (Code.TOO_SHORT, "password is too short: use at least 8 characters"),
                    (
                        Code.INVALID,
                        (
                            "password is too simple: "
                            "add an upper-case letter, a digit, a special character"
                        ),
                    ),
                ],
            ),
        ],
    )
    def test_bad_ones_are_named_and_never_shown(
        self, password: str, found: list[tuple[Code, str]]
    ) -> None:
        with pytest.raises(Refused) as refused:
            check_password(password)
        expected = tuple(Problem(code, message, ("password",)) for code, message in found)
        assert refused.value.problems == expected

    @given(st.randoms(use_true_random=False))
    def test_generated_ones_are_good(self, random: Random) -> None:
        password = generate_password(random)
        assert len(password) == 32
        assert not set(password) & set("\"'`,;=+-@\\ ")
        check_password(password)

    def test_generated_ones_differ(self) -> None:
        random = Random(7)  # noqa: S311 - a fixed seed is the point
        assert len({generate_password(random) for _ in range(1000)}) == 1000


class TestUserName:
    """Names of sub-accounts."""

    @pytest.mark.parametrize("name", ["a", "ops.team+sms@example.com", "x" * 64, "A_b-c=d,e"])
    def test_usable(self, name: str) -> None:
        assert user_name(f" {name}\n") == name

    @pytest.mark.parametrize("name", ["", "x" * 65, "two words", "名字", "a/b", 'a"b'])
    def test_unusable(self, name: str) -> None:
        with pytest.raises(Refused) as refused:
            user_name(name)
        [problem] = refused.value.problems
        assert (problem.code, problem.field) == (Code.INVALID, ("name",))
        assert problem.message.endswith(
            "is not usable: enter 1 to 64 letters, digits or any of + = , . @ _ -"
        )
