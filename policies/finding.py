"""What is told to a policy author beside a document or a file that works."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; an error makes `policy check` fail."""

    ERROR = "error"
    WARNING = "warning"
    SUGGESTION = "suggestion"


class Check(StrEnum):
    """The stable names of what is looked for; `Check.id` is the short form that people quote."""

    UNKNOWN_ACTION = "unknown-action"
    NEEDS_STAR = "needs-star"
    SHADOWED = "shadowed-statement"
    REDUNDANT = "redundant-statement"
    EMPTY_DENY = "deny-denies-nothing"
    EFFECTIVELY_STAR = "effectively-star"
    LEGACY_ACTION = "legacy-action"
    DISUSED_ACTION = "disused-action"
    NORMALISED = "normalised"
    WILDCARD_SERVICE = "wildcard-service"
    NOT_ANALYSED = "not-analysed"

    @property
    def id(self) -> str:
        """The number an author can search for; numbers are never used again."""
        return f"CAM{list(Check).index(self) + 1:03}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: `path` is a JSON path of a document, or file:line:column of a file."""

    check: Check
    severity: Severity
    path: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        """Print one line: where, how bad, which check, what, and what to do."""
        said = f"{self.path}: {self.severity} {self.check.id} {self.check}: {self.message}"
        return f"{said}; {self.suggestion}" if self.suggestion else said

    def as_json(self) -> dict[str, str]:
        """The finding as commands print it with --json."""
        return {
            "id": self.check.id,
            "name": str(self.check),
            "severity": str(self.severity),
            "path": self.path,
            "message": self.message,
            "suggestion": self.suggestion,
        }
