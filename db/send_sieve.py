"""Single messages held to lists, limits and the balance when they are accepted (API-1).

They are held to the lists and limits again when they are sent: that may be later, and what counts
in a limit is then counted as of then. What they cost is taken here, and once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from db import frequency_check, metering, refusal, submission
from db.dialect import is_postgresql
from db.metering import Need, Taker
from db.queue import Claimed
from db.refusal import Rules
from db.settlement import daily_quota
from db.submission import Moved
from domain import send_check
from domain.region import Region
from domain.terms import Terms


@dataclass(slots=True, kw_only=True)
class Sifted:
    """Messages of one request: those that are `fit` to be sent so far, and those that are refused.

    `texts` has what each says, `refused` the message and its code by id.
    """

    account_uin: int
    zone: ZoneInfo
    fit: list[Claimed]
    texts: Mapping[int, str]
    refused: dict[int, tuple[Claimed, str]]

    def turn_down(self, codes: Mapping[int, str]) -> list[tuple[Claimed, str]]:
        """Move messages from the fit to the refused; gives them with their codes."""
        turned_down = [(one, codes[one.id]) for one in self.fit if one.id in codes]
        self.fit = [one for one in self.fit if one.id not in codes]
        self.refused |= {one.id: (one, code) for one, code in turned_down}
        return turned_down


async def sift(session: AsyncSession, sifted: Sifted, now: datetime, terms: Terms) -> None:
    """Turn down what may not be sent, take what the rest costs, and count and tell of the former.

    Counts are held before the balance, as by whoever settles a batch: nobody waits in a circle.
    """
    moved = Moved(now, refused=list(sifted.refused.values()))
    rules = Rules(blocklist_delay=terms.blocklist_delay)
    listed = await refusal.refused(session, sifted.fit, now, rules)
    await _refuse(session, sifted, {one.message_id: one.code for one in listed}, moved)
    passed = await frequency_check.check(
        session, sifted.fit, sifted.texts, now, terms.frequency, fold=terms.alarm_fold
    )
    await _refuse(session, sifted, {one.message_id: one.code for one in passed}, moved)
    await submission.tally_refused(session, moved.refused, now)
    await _take(session, sifted, moved, terms)
    await submission.tell(session, moved)


async def _take(session: AsyncSession, sifted: Sifted, moved: Moved, terms: Terms) -> None:
    """Take what the fit ones cost; those that cannot be paid for are turned down."""
    if not sifted.fit:
        return
    taker = Taker(
        account_uin=sifted.account_uin,
        region=sifted.fit[0].region,
        day=metering.day_of(moved.at, sifted.zone),
        daily=daily_quota(terms),
    )

    async def take() -> Collection[int]:
        needs = [Need(one.id, one.segments) for one in sifted.fit]
        return await metering.take(session, taker, needs, moved.at, terms)

    if not is_postgresql(session):  # one writer, who waits for nobody
        if short := await take():
            await _turn_down_short(session, sifted, short, moved)
        return
    # Whoever is short is counted, and that must not happen while the balance is held.
    before = await session.begin_nested()
    short = await take()
    if not short:
        await before.commit()
        return
    await before.rollback()
    await _turn_down_short(session, sifted, short, moved)
    if short := await take():  # others have taken some meanwhile
        await _turn_down_short(session, sifted, short, moved)


async def _turn_down_short(
    session: AsyncSession, sifted: Sifted, ids: Collection[int], moved: Moved
) -> None:
    gone = [one for one in sifted.fit if one.id in ids]
    code = send_check.NO_BALANCE
    if gone[0].region is Region.GLOBAL:
        code = send_check.NO_QUOTA
    await frequency_check.take_back(session, gone, moved.at)
    turned_down = await _refuse(session, sifted, dict.fromkeys(ids, code), moved)
    await submission.tally_refused(session, turned_down, moved.at)


async def _refuse(
    session: AsyncSession, sifted: Sifted, codes: Mapping[int, str], moved: Moved
) -> list[tuple[Claimed, str]]:
    turned_down = sifted.turn_down(codes)
    await submission.refuse(session, turned_down, moved)
    return turned_down
