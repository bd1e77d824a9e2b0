"""What the checking process is told and what it answers, over its pipes.

Each way is a frame or a row of frames: four bytes of length, most significant first, then JSON.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import orjson

from delivery.recipient_file.bounds import Bounds
from domain.region import IdentityKind, Region

HEADER_BYTES: Final = 4
LARGEST_FRAME: Final = 64 * 2**20  # far above any batch; a length beyond it is no frame

Recipient = tuple[int, str, str, list[str], int, int]
"""Row number, E.164 number, ISO country, variable values, characters, segments; where there is no
template, no values and zeros."""
RowError = tuple[int, str, str, str, str]
"""Row number, column (`B (Name)`), `domain.errors.Code`, the value (its start), the message."""
Duplicate = tuple[int, int, str]
"""Row number, the row that first had this number with this content, and the number."""


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """One file to check against one template.

    `signature` has no brackets, and is None where Global SMS has none. `batch_rows` rows of the
    sheet, blank ones counted, make one batch.
    """

    path: Path
    region: Region
    template: str
    signature: str | None
    identity: IdentityKind
    bounds: Bounds = field(default_factory=Bounds)
    batch_rows: int = 5_000
    rows_are: ClassVar[str] = "recipients"
    when_too_many: ClassVar[str] = "split it and send two tasks"

    def to_json(self, skip_rows: int) -> bytes:
        """Write the plan for the checking process."""
        return orjson.dumps({**asdict(self), "path": str(self.path), "skip_rows": skip_rows})

    @classmethod
    def from_json(cls, data: bytes) -> tuple[Self, int]:
        """Read the plan and the number of rows to skip."""
        fields: dict[str, Any] = orjson.loads(data)
        skip_rows: int = fields.pop("skip_rows")
        plan = cls(
            **{
                **fields,
                "path": Path(fields["path"]),
                "region": Region(fields["region"]),
                "identity": IdentityKind(fields["identity"]),
                "bounds": Bounds(**fields["bounds"]),
            }
        )
        return plan, skip_rows


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """One file of numbers alone, of any region, for no template (CUS-1)."""

    path: Path
    bounds: Bounds = field(default_factory=Bounds)
    batch_rows: int = 5_000
    rows_are: ClassVar[str] = "customers"
    when_too_many: ClassVar[str] = "split it and import each part"

    def to_json(self, skip_rows: int) -> bytes:
        """Write the plan for the checking process."""
        return orjson.dumps({**asdict(self), "path": str(self.path), "skip_rows": skip_rows})

    @classmethod
    def from_json(cls, data: bytes) -> tuple[Self, int]:
        """Read the plan and the number of rows to skip."""
        fields: dict[str, Any] = orjson.loads(data)
        bounds = Bounds(**fields["bounds"])
        return cls(Path(fields["path"]), bounds, fields["batch_rows"]), fields["skip_rows"]


Plan = CheckPlan | NumberPlan


def read_plan(data: bytes) -> tuple[Plan, int]:
    """Read a plan of either kind, only one of which has a template."""
    kind = CheckPlan if "template" in orjson.loads(data) else NumberPlan
    return kind.from_json(data)


@dataclass(frozen=True, slots=True)
class Batch:
    """What the next rows of the sheet were.

    Row numbers are those the sheet shows, from 1. `rows_seen` counts rows of the sheet up to the
    end of this batch, the header and blank ones too: it is the `skip_rows` to resume with.
    `rows_total` is how many rows the sheet has; of a .csv it counts lines, which may be more.
    `blank_rows` is cumulative too.
    """

    rows_seen: int
    rows_total: int
    blank_rows: int
    recipients: list[Recipient]
    errors: list[RowError]
    duplicates: list[Duplicate]
