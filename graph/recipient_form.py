"""The standard recipient form of a template: where to download it (BLK-2)."""

from typing import Annotated

import strawberry

from db import template as templates
from graph.context import Info
from graph.guard import query
from graph.node import encode, key_of
from graph.region import Region
from policies import actions


@strawberry.type(description="The empty form that recipients of one template are entered in.")
class RecipientForm:
    """Where to download it; what it asks for."""

    xlsx_url: str = strawberry.field(
        description="Download it as .xlsx from here, with the same bearer token as this request."
    )
    csv_url: str = strawberry.field(description="The same as .csv, in UTF-8.")
    variables: int = strawberry.field(
        description="Columns beside the number's: one for each variable of the template."
    )
    region: Region = strawberry.field(description="Where the numbers have to be registered.")


@strawberry.type
class RecipientFormQuery:
    """The root field of forms."""

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def recipient_form(
        self,
        info: Info,
        template_id: Annotated[strawberry.ID, strawberry.argument(description="The template.")],
    ) -> RecipientForm | None:
        """The standard recipient form of a template of the caller's account."""
        key = key_of(template_id, "Template")
        async with info.context.database.read() as session:
            row = await templates.owned(session, info.context.owner, key)
        if row is None:
            return None
        place = f"{info.context.base_url}/forms/recipients/{encode('Template', key)}"
        return RecipientForm(
            xlsx_url=f"{place}.xlsx",
            csv_url=f"{place}.csv",
            variables=row.variables,
            region=row.region,
        )
