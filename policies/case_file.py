"""Reading policy cases: `cases/*.toml`, tests that a policy author writes beside the policies.

    description = "A deny beats every allow."

    [documents]                      # custom policies by name, as CAM JSON
    NoDelete = '''{"version": "2.0", "statement": [ ... ]}'''

    [site]                           # lines as in site/*.csv, by file name
    freeze = '''
    p, policy:Freeze, all, deny, name/sms:Modify*, *
    g, account:12345678, policy:Freeze
    '''

    [groups]                         # what members of a group hold
    operations = ["QcloudSMSReadOnlyAccess"]

    [callers]                        # what each caller holds, by policy name or "group:<name>"
    ana = ["QcloudSMSFullAccess", "NoDelete", "group:operations"]

    [[case]]
    caller = "ana"                   # each of caller, action and resource may be a list
    action = "DeleteAppInfo"         # of sms; "cam:AddUser" of another service; stars are expanded
    resource = "app/1400000001"      # an application of the account, or "*" (the default)
    expect = "deny"
    by = "NoDelete statement[0]"     # optional: the deciding policy and statement, or "nothing"

`account` (default 12345678) owns documents and applications. A caller is a sub-account unless its
`[roles]` entry says root, operator, anonymous, must-reset or app-key. `access` and `level` narrow
what stars stand for, and `context` gives condition keys such as "qcs:ip". With
`site_files = false` the installation's own site/*.csv do not count, so that they cannot break what
is said of presets.
"""

import re
import tomllib
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from policies.action import Access, Level

MAX_BYTES: Final = 262_144
Uin = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9+=.@_-]{1,128}$")]
Role = Literal["root", "operator", "anonymous", "must-reset", "app-key"]


class CaseFileError(ValueError):
    """A case file is wrong; `problems` are lines that name the file and the key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]


class Case(BaseModel):
    """One expectation, for every caller with every action on every resource."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    caller: Texts
    action: Texts
    resource: Texts = ["*"]
    expect: Literal["allow", "deny"]
    by: str | None = None
    access: Annotated[list[Access], BeforeValidator(_listed)] = list(Access)
    level: Annotated[list[Level], BeforeValidator(_listed)] = list(Level)
    context: dict[str, str] = {}


class CaseFile(BaseModel):
    """A case file, read but not yet run. `name` is the name to report it by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    account: Uin = "12345678"
    site_files: bool = True
    documents: dict[Name, str] = {}
    site: dict[Name, str] = {}
    groups: dict[Name, list[str]] = {}
    callers: dict[Name, list[str]]
    roles: dict[Name, Role] = {}
    case: Annotated[list[Case], Field(min_length=1)]


def read_case_file(name: str, content: bytes) -> CaseFile:
    """Read a case file; CaseFileError names every key that is wrong."""
    if len(content) > MAX_BYTES:
        raise CaseFileError([f"{name}: the file has {len(content)} bytes, at most {MAX_BYTES}"])
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CaseFileError([f"{name}: {error}"]) from error
    try:
        read = CaseFile.model_validate({**table, "name": name})
    except ValidationError as error:
        raise CaseFileError(
            [_told(name, each["loc"], each["msg"]) for each in error.errors()]
        ) from (error)
    problems = [f"{name}: {problem}" for problem in _unknown_names(read)]
    if problems:
        raise CaseFileError(problems)
    return read


def _told(name: str, place: tuple[int | str, ...], message: str) -> str:
    path = re.sub(r"\.([0-9]+)", r"[\1]", ".".join(str(part) for part in place))
    return f"{name}: {path}: {message[:1].lower()}{message[1:]}"


def _unknown_names(read: CaseFile) -> list[str]:
    return [
        *(f'roles: no caller is named "{caller}"' for caller in read.roles.keys() - read.callers),
        *(
            f'case[{position}].caller: no caller is named "{caller}"'
            for position, case in enumerate(read.case)
            for caller in case.caller
            if caller not in read.callers
        ),
    ]
