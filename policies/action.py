"""What an action is, and the register that keeps one row for each name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol


class Level(StrEnum):
    """How finely an action can be granted (guide, "Authorizable Resources and Actions")."""

    RESOURCE = "resource"  # for one application or all of them
    OPERATION = "operation"  # only as a whole: the resource of a statement has to be `*`


class Access(StrEnum):
    """What an action does to what it names, as the provider's action list has it."""

    LIST = "list"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action that a policy can name and a field can require.

    `name` is `service:Name` in its published spelling. A `reserved` action is published, so that
    policies may name it, but no field asks for it yet.
    """

    name: str
    level: Level
    access: Access
    description: str
    reserved: bool = False
    canonical: str = field(init=False, repr=False)
    """The form every rule and request is compared in, `name/service:Name`."""

    def __post_init__(self) -> None:
        # Each decision needs it, so it is spelled once.
        object.__setattr__(self, "canonical", f"name/{self.name}")

    @property
    def service(self) -> str:
        """The service the action belongs to, such as `sms`."""
        return self.name.partition(":")[0]


class Publish(Protocol):
    """Declares one action of a service; see `Catalogue.publisher`."""

    def __call__(self, name: str, access: Access, description: str) -> Action:
        """Add the row and return it; a name used twice is a ValueError."""


class Catalogue:
    """The rows by name. Filled while `policies.actions` is imported and only read afterwards."""

    def __init__(self) -> None:
        self._rows: dict[str, Action] = {}
        self._folded: dict[str, Action] = {}
        self.rows: Final[Mapping[str, Action]] = MappingProxyType(self._rows)

    def publisher(self, service: str, level: Level, *, reserved: bool = False) -> Publish:
        """Return the function that declares the actions of `service` at `level`."""

        def publish(name: str, access: Access, description: str) -> Action:
            action = Action(
                name=f"{service}:{name}",
                level=level,
                access=access,
                description=description,
                reserved=reserved,
            )
            folded = action.name.lower()
            if folded in self._folded:
                raise ValueError(f'action "{action.name}" is declared twice; keep one of the rows')
            self._rows[action.name] = self._folded[folded] = action
            return action

        return publish

    def find(self, name: str) -> Action | None:
        """Return the row of `service:Name`, whatever the case of its ASCII letters.

        Text outside ASCII finds nothing: folding it could turn a look-alike into a real name.
        """
        found = self._rows.get(name)
        if found is None and name.isascii():
            found = self._folded.get(name.lower())
        return found
