"""Why a policy document is refused, in CAM's own error names."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

QUOTED_MOST: Final = 80


class Reason(StrEnum):
    """The error codes of CAM's CreatePolicy that a document can earn (domain.md 6.6)."""

    DOCUMENT = "InvalidParameter.PolicyDocumentError"
    LENGTH = "InvalidParameter.PolicyDocumentLengthOverLimit"
    VERSION = "InvalidParameter.VersionError"
    PRINCIPAL = "InvalidParameter.PrincipalError"
    STATEMENT = "InvalidParameter.StatementError"
    EFFECT = "InvalidParameter.EffectError"
    ACTION = "InvalidParameter.ActionError"
    ACTION_MISSING = "InvalidParameter.ActionMiss"
    ACTION_UNKNOWN = "InvalidParameter.ActionNotExist"
    ACTION_SERVICE = "InvalidParameter.ActionServiceNotExist"
    RESOURCE = "InvalidParameter.ResourceError"
    RESOURCE_CONTENT = "InvalidParameter.ResourceContentError"
    RESOURCE_QCS = "InvalidParameter.ResourceQcsError"
    RESOURCE_PROJECT = "InvalidParameter.ResourceProjectError"
    RESOURCE_SERVICE = "InvalidParameter.ResourceServiceNotExist"
    RESOURCE_REGION = "InvalidParameter.ResourceRegionError"
    RESOURCE_UIN = "InvalidParameter.ResourceUinError"
    CONDITION = "InvalidParameter.ConditionError"
    CONDITION_CONTENT = "InvalidParameter.ConditionContentError"
    CONDITION_TYPE = "InvalidParameter.ConditionTypeError"


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """One thing to mend: `path` is a JSON path, `statement[1].action[0]`, "" for the whole."""

    code: Reason
    path: str
    message: str

    def __str__(self) -> str:
        """Print the path and the message, as an author reads them."""
        return f"{self.path}: {self.message}" if self.path else self.message


class DocumentError(Exception):
    """A document is refused, for the reasons in `problems` (at least one, in the order read)."""

    def __init__(self, *problems: DocumentProblem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class Problems:
    """Collects problems while a document is read, so that an author sees them all at once."""

    def __init__(self) -> None:
        self.found: list[DocumentProblem] = []

    def add(self, code: Reason, path: str, message: str) -> None:
        """Note a problem; reading goes on."""
        self.found.append(DocumentProblem(code, path, message))

    def stop(self) -> None:
        """Raise DocumentError when anything was found."""
        if self.found:
            raise DocumentError(*self.found)


def quoted(value: str) -> str:
    """Quote what was written, on one line and shortened, for an error message."""
    shown = value if len(value) <= QUOTED_MOST else value[: QUOTED_MOST - 3] + "..."
    return '"' + "".join(sign if sign.isprintable() else escaped(sign) for sign in shown) + '"'


def escaped(sign: str) -> str:
    """Spell a character that cannot be seen, the way JSON would."""
    return f"\\u{ord(sign):04x}"
