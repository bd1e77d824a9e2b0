"""Importing customers from a form (CUS-1): the upload, and how far it has come."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.file_uploads import Upload

from db import customer_import as imports
from db import page as pages
from db.customer_import import CustomerImportErrorRow, CustomerImportRow
from domain import quota
from domain.customer_import import ImportStatus
from domain.errors import Code
from graph.connection import After, Connection, First, connect, page_request
from graph.context import Context, Info
from graph.counter import counter
from graph.customer import GROUP_NAME, GroupNames, load_names
from graph.customer_target import (
    GROUP_ID,
    NEW_GROUP,
    SMS_TYPE,
    NewCustomerGroupInput,
    Target,
)
from graph.enums import publish
from graph.form_upload import stored_form
from graph.guard import mutation, query
from graph.limits import PAGE
from graph.node import Node, encode, key_of
from graph.payload import Payload
from graph.region import SmsType
from policies import actions

Id = Annotated[strawberry.ID, strawberry.argument(description="The import's id.")]

publish(
    ImportStatus,
    name="CustomerImportStatus",
    description="Where an import of customers stands.",
    values={
        "RUNNING": "Its form waits to be read, or is read; `rowsSeen` says how far.",
        "DONE": "The form was read to its end.",
        "FAILED": "It could not be read to its end; `problem` says why, and what was added stays.",
    },
)


@strawberry.type(
    description="An import of customers from a form. `added`, `duplicates`, `members` and "
    "`rejected` count each filled row once."
)
class CustomerImport(Node):
    """What an account sees of an import."""

    status: ImportStatus = strawberry.field(description="Where it stands.")
    sms_type: SmsType = strawberry.field(description="What the customers are kept for.")
    group_id: strawberry.ID = strawberry.field(description="The customer group they go into.")
    file_name: str = strawberry.field(description="The form's name as it was uploaded.")
    file_bytes: int = strawberry.field(description="The form's size in bytes.")
    rows_seen: int = strawberry.field(description="Rows of the sheet that are done.")
    rows_total: int = strawberry.field(
        description="Rows of the sheet, header and blank ones too; 0 while it is not open yet."
    )
    added: int = strawberry.field(description="Customers that are new in the group.")
    duplicates: int = strawberry.field(description="Rows that repeat a number of a row before.")
    members: int = strawberry.field(description="Rows whose number the group had already.")
    rejected: int = strawberry.field(description="Rows that hold no mobile number.")
    problem: str | None = strawberry.field(
        description="What kept it from its end, and what to do; null unless it failed."
    )
    created_at: datetime = strawberry.field(description="When it was uploaded.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    group_key: strawberry.Private[int]
    names: strawberry.Private[GroupNames]

    @strawberry.field(description=GROUP_NAME)  # type: ignore[untyped-decorator]  # - strawberry types it as Any
    async def group_name(self) -> str | None:
        """Load it together with those of the page's other imports."""
        return await self.names.load(self.group_key)


@strawberry.type(description="A row of a form that is no customer.")
class CustomerImportRowError:
    """The row, and why it is left out."""

    row: int = strawberry.field(description="The row as the sheet numbers it, from 1.")
    column: str = strawberry.field(description="The number's column, as `A (Mobile number)`.")
    code: Code = strawberry.field(description="What is wrong, for programs.")
    value: str = strawberry.field(description="The beginning of what stands there.")
    message: str = strawberry.field(description="What is wrong, for people.")


@strawberry.type(description="The empty form that customers are imported with.")
class CustomerForm:
    """Where to download it."""

    xlsx_url: str = strawberry.field(
        description="Download it as .xlsx from here, with the same bearer token as this request."
    )
    csv_url: str = strawberry.field(description="The same as .csv, in UTF-8.")


@strawberry.input(description="A form to import customers from.")
class CustomerImportCreateInput:
    """The form of the guide."""

    sms_type: SmsType = strawberry.field(description=SMS_TYPE)
    group_id: strawberry.ID | None = strawberry.field(default=None, description=GROUP_ID)
    new_group: NewCustomerGroupInput | None = strawberry.field(default=None, description=NEW_GROUP)
    file: Upload = strawberry.field(
        description="The filled form, .xlsx or .csv, at most 30 MB; `customerForm` gives the "
        "empty one."
    )


@strawberry.type(description="The answer to `customerImportCreate`.")
class CustomerImportPayload(Payload):
    """The import as it begins."""

    customer_import: CustomerImport | None = strawberry.field(
        default=None, description="The import; null when none was begun."
    )


def show(context: Context, rows: Iterable[CustomerImportRow]) -> list[CustomerImport]:
    """Show rows the caller may see."""
    names = load_names(context)
    return [
        CustomerImport(
            id=encode("CustomerImport", row.id),
            status=row.status,
            sms_type=row.sms_type,
            group_id=encode("CustomerGroup", row.group_id),
            file_name=row.file_name,
            file_bytes=row.file_bytes,
            rows_seen=row.rows_seen,
            rows_total=row.rows_total,
            added=row.added,
            duplicates=row.duplicates,
            members=row.members,
            rejected=row.rejected,
            problem=row.problem,
            created_at=row.created_at,
            finished_at=row.finished_at,
            group_key=row.group_id,
            names=names,
        )
        for row in rows
    ]


def _show_error(row: CustomerImportErrorRow) -> CustomerImportRowError:
    return CustomerImportRowError(
        row=row.row,
        column=row.column_name,
        code=row.code,
        value=row.value,
        message=row.message,
    )


@strawberry.type
class CustomerImportQuery:
    """Root fields that read imports of customers."""

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customer_import(self, info: Info, id: Id) -> CustomerImport | None:  # noqa: A002 - the schema's name
        """One import of customers; ask again while it runs."""
        key = key_of(id, "CustomerImport")
        async with info.context.database.read() as session:
            row = await imports.owned(session, info.context.owner, key)
        return show(info.context, [row])[0] if row else None

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customer_imports(
        self, info: Info, first: First = PAGE, after: After = None
    ) -> Connection[CustomerImport] | None:
        """The account's imports of customers, the last begun first; about 100 are remembered."""
        context, page = info.context, page_request(first, after, int)
        async with context.database.read() as session:
            found = await imports.page(session, context.owner, first=page.first, after=page.after)
        return connect(
            show(context, found.rows),
            [(row.id, row.id) for row in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, imports.listing(context.owner)),
        )

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customer_import_row_errors(
        self,
        info: Info,
        id: Id,  # noqa: A002 - the schema's name
        first: First = PAGE,
        after: After = None,
    ) -> Connection[CustomerImportRowError] | None:
        """The rows of an import's form that are no customers, the first 10,000 of them."""
        context, key = info.context, key_of(id, "CustomerImport")
        page = page_request(first, after, int)
        async with context.database.read() as session:
            row = await imports.owned(session, context.owner, key)
            if row is None:
                return None
            found = await imports.row_error_page(session, key, first=page.first, after=page.after)
        return connect(
            [_show_error(error) for error in found.rows],
            [(error.row, error.id) for error in found.rows],
            page=page,
            has_next=found.has_next,
            counter=counter(context, pages.count, imports.row_errors(key)),
        )

    @query(actions.DESCRIBE_CUSTOMERS)
    async def customer_form(self, info: Info) -> CustomerForm | None:
        """The form that customers are imported with."""
        place = f"{info.context.base_url}/forms/customers"
        return CustomerForm(xlsx_url=f"{place}.xlsx", csv_url=f"{place}.csv")


@strawberry.type
class CustomerImportMutation:
    """The root field that begins an import."""

    @mutation(actions.ADD_UP_LOAD_MOBILE_TASK, quota=quota.CUSTOMERS)
    async def customer_import_create(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the schema's name
            CustomerImportCreateInput, strawberry.argument(description="Type, group and form.")
        ],
    ) -> CustomerImportPayload:
        """Import customers from a form into a customer group, or into a new one.

        It is read by a job, up to a million rows; at most 5 imports of an account run at a time.
        """
        context = info.context
        target = Target.of(input.sms_type, input.group_id, input.new_group)
        way_out = "split it and import each part"
        # The rows take the quota when they are added; here its row is only held.
        async with (
            stored_form(context, input.file, "customers", way_out) as form,
            context.change(amount=0) as session,
        ):
            group = await target.found(session, context.owner, context.now)
            row = await imports.begin(session, group, form, context.caller.uin, context.now)
        return CustomerImportPayload(customer_import=show(context, [row])[0])
