"""What goes when a sub-account goes (CAM-1)."""

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from db import access_key, attachment, sign_in
from db import quota as quotas
from db.group import MembershipRow
from db.user import UserRow
from domain.quota import SUB_ACCOUNTS, USERS_PER_GROUP


async def remove(session: AsyncSession, owner: int, row: UserRow) -> None:
    """Delete a sub-account with its sessions, keys, memberships and attachments."""
    member = attachment.user_member(row.uin)
    await sign_in.close_all(session, row.uin)
    await access_key.remove_all(session, row.uin)
    await attachment.detach_all(session, owner, member)
    left = delete(MembershipRow).where(col(MembershipRow.user_uin) == row.uin)
    groups = (await session.exec(left.returning(col(MembershipRow.group_id)))).scalars().all()
    for group_id in groups:
        scope = attachment.group_member(group_id)
        await quotas.give_back(session, owner, USERS_PER_GROUP, scope=scope)
    await quotas.forget(session, owner, member)
    await quotas.give_back(session, owner, SUB_ACCOUNTS)
    await session.delete(row)
    await session.flush()
