"""Settings of exports and dumps (STA-6, STA-8)."""

from pydantic import Field
from pydantic_settings import BaseSettings


class ExportSettings(BaseSettings):
    """What an operator may set about files that tables are written into."""

    export_link_minutes: int = Field(
        10, ge=1, le=1_440, description="How long a link to a download can be used."
    )
    export_rows: int = Field(
        100_000,
        ge=1,
        le=1_000_000,
        description="The most rows of a table that is given at once; beyond it is a dump.",
    )
    dump_rows: int = Field(
        20_000_000, ge=1, le=1_000_000_000, description="The most rows of one dump of records."
    )
    dump_keep_days: int = Field(
        7, ge=1, le=366, description="How long a dump of records can be downloaded."
    )
