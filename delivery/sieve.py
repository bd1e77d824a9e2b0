"""What is submitted of a batch, and what rules turn down, in the order of a send's checks."""

from collections.abc import Collection, Sequence
from datetime import datetime

from db import frequency_check, refusal
from db.queue import Claimed
from db.refusal import Rules
from db.session import AsyncSession
from delivery.content import Contents
from delivery.settings import DeliverySettings
from domain.carrier import Answer, Outgoing
from domain.route import NO_ROUTE

Refusals = list[tuple[Claimed, str]]


class Sieve:
    """Renders messages and holds them to every rule of the moment they are sent."""

    def __init__(self, settings: DeliverySettings) -> None:
        self._contents = Contents()
        self._rules = Rules(blocklist_delay=settings.blocklist_delay)
        self._settings = settings

    async def sift(
        self,
        session: AsyncSession,
        batch: Sequence[Claimed],
        unrouted: Collection[int],
        now: datetime,
    ) -> tuple[list[Outgoing], Refusals]:
        """Give what may be submitted, and the rest with its codes.

        Messages that no route takes (`unrouted`) are held to what comes before the carrier too, so
        that a number on the blocklist is told as one; only what is submitted counts in a limit.
        """
        if not batch:
            return [], []
        settings = self._settings
        codes = _codes(await refusal.of_deleted(session, batch))
        fit = [one for one in batch if one.id not in codes]
        outgoing, refused = await self._contents.render(session, fit)
        texts = {one.message_id: one.text for one in outgoing}
        codes |= _codes(refused)
        fit = [one for one in batch if one.id not in codes]
        codes |= _codes(await refusal.refused(session, fit, now, self._rules))
        codes |= {one.id: NO_ROUTE for one in fit if one.id in unrouted and one.id not in codes}
        fit = [one for one in fit if one.id not in codes]
        codes |= _codes(
            await frequency_check.check(
                session, fit, texts, now, settings.frequency, fold=settings.alarm_fold
            )
        )
        return (
            [one for one in outgoing if one.message_id not in codes],
            [(one, codes[one.id]) for one in batch if one.id in codes],
        )


def _codes(refused: Sequence[Answer]) -> dict[int, str]:
    return {answer.message_id: answer.code for answer in refused}
