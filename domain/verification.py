"""Identity verification: what is requested with a document, and when it may be (ACC-2)."""

from dataclasses import dataclass
from typing import Final

from domain import text
from domain.errors import Code, Refused
from domain.region import IdentityKind, Verification

NAME_MOST: Final = 100
NUMBER_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that may be stored; its document's image is checked and stored beside it."""

    name: str
    document_number: str
    kind: IdentityKind


def draft(name: str, document_number: str, kind: IdentityKind) -> Draft:
    """Return what may be requested, texts tidied; raise Refused with everything that may not.

    A number is not asked for: the image shows it, and documents of every country count.
    """
    made = Draft(text.tidy(name), text.tidy(document_number), kind)
    problems = text.check(made.name, "name", least=1, most=NAME_MOST)
    problems += text.check(made.document_number, "document_number", least=0, most=NUMBER_MOST)
    if problems:
        raise Refused(*problems)
    return made


def check_request(
    identity: IdentityKind, verification: Verification, wanted: IdentityKind, *, waiting: bool
) -> None:
    """Raise Refused unless an account may request `wanted`; `waiting` says that a request waits.

    Whoever is not verified asks for either, and again after a rejection. A verified individual
    may become an organization; a verified organization stays one.
    """
    if waiting:
        message = "a request for identity verification waits for review: wait for its decision"
        raise Refused.one(Code.WRONG_STATE, message)
    if verification is not Verification.VERIFIED:
        return
    if identity is IdentityKind.ORGANIZATION:
        message = "the account is verified as an organization already: nothing is left to do"
        raise Refused.one(Code.WRONG_STATE, message)
    if wanted is IdentityKind.INDIVIDUAL:
        message = (
            "the account is verified as an individual already: request the kind organization "
            "to become one"
        )
        raise Refused.one(Code.WRONG_STATE, message, "kind")


def while_waiting(verification: Verification) -> Verification:
    """Say how far an identity is proven while a request waits: who is verified stays it."""
    return verification if verification is Verification.VERIFIED else Verification.PENDING


def after_rejection(verification: Verification) -> Verification:
    """Say how far an identity is proven once its request was rejected."""
    return verification if verification is Verification.VERIFIED else Verification.UNVERIFIED
