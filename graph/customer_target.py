"""The group that customers are entered or imported into: one there is, or one made for them."""

from dataclasses import dataclass
from datetime import datetime

import strawberry

from db import customer_group as groups
from db import quota as quotas
from db.customer_group import CustomerGroupRow
from db.session import AsyncSession
from domain import customer_group as rules
from domain import quota
from domain.customer import check_type
from domain.customer_group import Draft
from domain.errors import Code, Refused
from domain.region import SmsType
from graph.node import key_of

SMS_TYPE = "What the customers are to be sent; that of the group, where there is one."
GROUP_ID = "The customer group they go into. Give this or `newGroup`."
NEW_GROUP = "The customer group to create for them, of their type. Give this or `groupId`."


@strawberry.input(description="A customer group to create for those who come into it.")
class NewCustomerGroupInput:
    """Its type is that of the customers."""

    name: str = strawberry.field(
        description="1 to 64 characters, unique among the account's customer groups."
    )


@dataclass(frozen=True, slots=True)
class Target:
    """What a form says about the group, checked as far as the form goes."""

    sms_type: SmsType
    wanted: int | Draft

    @classmethod
    def of(
        cls,
        sms_type: SmsType,
        group_id: strawberry.ID | None,
        new_group: NewCustomerGroupInput | None,
    ) -> "Target":
        """Take what a form says; raises Refused unless it names one group or a new one."""
        rules.check_choice(existing=group_id is not None, new=new_group is not None)
        if group_id is not None:
            return cls(sms_type, key_of(group_id, "CustomerGroup"))
        name = new_group.name if new_group else ""
        return cls(sms_type, rules.draft(sms_type, name, "new_group", "name"))

    async def found(self, session: AsyncSession, owner: int, now: datetime) -> CustomerGroupRow:
        """Find or create the group, in the transaction that fills it; raises Refused.

        The caller holds the account's customers.
        """
        if isinstance(self.wanted, int):
            row = await groups.found(session, owner, self.wanted, "group_id")
            check_type(row.name, row.sms_type, self.sms_type)
            return row
        if not await quotas.take(session, owner, quota.CUSTOMER_GROUPS):
            message = quota.CUSTOMER_GROUPS.exceeded()
            raise Refused.one(Code.LIMIT_EXCEEDED, message, "new_group")
        return await groups.add(session, owner, self.wanted, now, "new_group", "name")
