"""Which argument names what a field acts upon, and how it is found through the caller's account."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from db import application, task
from db.session import AsyncSession
from graph.node import key_of

AppOf = Callable[[AsyncSession, int, int], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Target:
    """An object named by the argument at `path`; `app_of` finds the application it belongs to.

    `kind` is its type in ids, `called` what people call it.
    `app_of` takes the owner's uin first, so another account's object is not found at all.
    """

    kind: str
    called: str
    path: tuple[str, ...]
    app_of: AppOf

    def key(self, arguments: Mapping[str, Any]) -> int:
        """Read the object's key from the arguments; raises BadUserInput."""
        value: Any = arguments
        for part in self.path:
            value = value[part] if isinstance(value, Mapping) else getattr(value, part)
        return key_of(value, self.kind)


class EachApplication:
    """The field lists applications: each is decided by the plan, none by one question."""


EACH: Final = EachApplication()


def on_application(*path: str) -> Target:
    """Act upon the application whose id stands at `path`."""
    return Target("Application", "application", path or ("id",), application.app_of)


def on_task(*path: str) -> Target:
    """Act upon the application of the bulk task whose id stands at `path`."""
    return Target("BulkTask", "bulk task", path or ("id",), task.app_of)
