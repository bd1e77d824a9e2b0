"""The words every resource shares: where a message goes, what kind it is, who owns the account."""

from enum import StrEnum


class Region(StrEnum):
    """Where recipients are registered: the guide's two parallel chapters."""

    MAINLAND = "mainland"
    GLOBAL = "global"


class SmsType(StrEnum):
    """What a template is for; marketing is for organizations only (ACC-3, TPL-1)."""

    REGULAR = "regular"
    MARKETING = "marketing"


class IdentityKind(StrEnum):
    """Who stands behind an account (ACC-1)."""

    INDIVIDUAL = "individual"
    ORGANIZATION = "organization"


class Verification(StrEnum):
    """How far an account's identity is proven (ACC-1, ACC-2)."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    VERIFIED = "verified"
