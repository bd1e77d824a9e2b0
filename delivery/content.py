"""The text of each message, made when it is needed: rows keep template and parameters only."""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from db import message_context
from db import signature as signatures
from db import template as templates
from db.queue import Claimed
from db.session import AsyncSession
from domain import template as rules
from domain.carrier import Answer, Outgoing, Verdict
from domain.errors import Refused
from domain.region import Region
from domain.template import Compiled

REMEMBERED: Final = 1_000

NO_TEMPLATE: Final = "FailedOperation.TemplateUnapprovedOrNotExist"
NO_SIGNATURE: Final = "FailedOperation.SignatureIncorrectOrUnapproved"
WRONG_PARAMETERS: Final = "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
TOO_LONG: Final = "InvalidParameterValue.ContentLengthLimit"


class Contents:
    """Renders messages; remembers templates and signatures, which never change once approved."""

    def __init__(self) -> None:
        self._templates: dict[int, Compiled] = {}
        self._signatures: dict[int, str] = {}

    async def render(
        self, session: AsyncSession, batch: Sequence[Claimed]
    ) -> tuple[list[Outgoing], list[Answer]]:
        """Give what can be submitted, and a refusal with its code for what cannot."""
        await self._load(session, batch)
        senders = await self._senders(session, batch)
        outgoing, refused = [], []
        for message in batch:
            text, code = self._text(message)
            if code:
                refused.append(Answer(message.id, Verdict.REFUSED, code=code))
            else:
                outgoing.append(
                    Outgoing(
                        message.id,
                        message.phone,
                        text,
                        message.segments,
                        senders.get(message.id, ""),
                    )
                )
        return outgoing, refused

    def _text(self, message: Claimed) -> tuple[str, str]:
        template = self._templates.get(message.template_id)
        if template is None:
            return "", NO_TEMPLATE
        sign = None
        if message.signature_id is not None:
            sign = self._signatures.get(message.signature_id)
            if sign is None:
                return "", NO_SIGNATURE
        params = orjson.loads(message.params)
        if len(params) < template.variables:
            return "", WRONG_PARAMETERS
        try:
            return rules.full_text(sign, template.render(params), message.region), ""
        except Refused:
            return "", TOO_LONG

    @staticmethod
    async def _senders(session: AsyncSession, batch: Sequence[Claimed]) -> Mapping[int, str]:
        """Give the sender IDs that programs asked for; no message of a task has one."""
        asked = [one.id for one in batch if one.task_id is None and one.region is Region.GLOBAL]
        contexts = await message_context.among(session, asked)
        return {one: context.sender_id for one, context in contexts.items()}

    async def _load(self, session: AsyncSession, batch: Sequence[Claimed]) -> None:
        if len(self._templates) + len(self._signatures) > REMEMBERED:
            self._templates.clear()
            self._signatures.clear()
        template_ids = {message.template_id for message in batch} - self._templates.keys()
        sign_ids = {message.signature_id for message in batch if message.signature_id is not None}
        sign_ids -= self._signatures.keys()
        if not template_ids and not sign_ids:
            return
        for template_id, template in (await templates.among(session, template_ids)).items():
            self._templates[template_id] = rules.compile(template.content)
        for sign_id, sign in (await signatures.among(session, sign_ids)).items():
            self._signatures[sign_id] = sign.content
