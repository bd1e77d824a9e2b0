"""Reading what is asked, and refusing what reaches into another account."""

import re
from typing import Final, NamedTuple

from policies.actions import Action, Level
from policies.pattern import requested_action, requested_resource
from policies.wildcard import STAR

# The form that all our own callers use; anything else takes the longer way to the same result.
_APPLICATION: Final = re.compile(r"qcs::sms::uin/([0-9]{1,20}):app/[0-9]{1,20}")
_ACCOUNT: Final = "account:"
_ACCOUNT_SEGMENT: Final = 4


class Request(NamedTuple):
    """An action of the catalogue on one canonical resource of `owner_uin` (None for `*`)."""

    action: Action
    resource: str
    owner_uin: str | None

    def is_foreign(self, principals: tuple[str, ...]) -> bool:
        """Say whether the resource is of another account than the caller's (CAM-5).

        Without this, a policy on `*` would reach whatever resource somebody forgot to check.
        """
        if self.owner_uin is None or _ACCOUNT + self.owner_uin in principals:
            return False
        return any(name.startswith(_ACCOUNT) for name in principals)


def read_request(action: str, resource: str) -> Request:
    """Bring a request to the form that rules are compared with, or raise PatternError.

    An action without resource-level control is always asked on `*`, whatever the caller names:
    neither an allow nor a deny on one application concerns it (CAM-7).
    """
    asked = requested_action(action)
    if asked.level is Level.OPERATION or resource == STAR:
        return Request(asked, STAR, None)
    application = _APPLICATION.fullmatch(resource)
    if application is not None:
        return Request(asked, resource, application[1])
    canonical = requested_resource(resource)
    if canonical == STAR:
        return Request(asked, STAR, None)
    account = canonical.split(":")[_ACCOUNT_SEGMENT]
    return Request(asked, canonical, account.removeprefix("uin/"))
