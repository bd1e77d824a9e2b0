"""What signatures name, whose names they are, and what proves them (SIG-1, SIG-2)."""

from typing import Annotated

import strawberry

from db import review as reviews
from domain import signature as rules
from domain.signature import CertificateType, SignatureType
from domain.signature import Purpose as SignaturePurpose
from graph.context import Info
from graph.enums import publish
from graph.guard import query
from policies import actions

__all__ = ["CertificateQuery", "CertificateType", "SignaturePurpose", "SignatureType"]

publish(
    SignatureType,
    name="SignatureType",
    description="What a signature names.",
    values={
        "COMPANY": "A company; for organizations.",
        "APP": "An app.",
        "WEBSITE": "A website.",
        "OFFICIAL_ACCOUNT": "An official account or mini program.",
        "TRADEMARK": "A trademark; for organizations.",
        "GOVERNMENT": "A government body, public institution or other; for organizations.",
    },
)
publish(
    SignaturePurpose,
    name="SignaturePurpose",
    description="Whose name a signature is.",
    values={
        "SELF_USE": "The account's own.",
        "OTHERS": "Another's, who authorizes the account by a stamped letter.",
    },
)
publish(
    CertificateType,
    name="CertificateType",
    description="The paper or screenshot that proves the right to a name.",
    values={
        "THREE_IN_ONE_LICENCE": "Three-in-one business licence.",
        "BUSINESS_LICENCE": "Business licence.",
        "ORGANIZATION_CODE": "Organization code certificate.",
        "SOCIAL_CREDIT_CODE": "Unified social credit code certificate.",
        "APP_SCREENSHOT": "Screenshot of the app's administration in the store.",
        "WEBSITE_SCREENSHOT": "Screenshot of the website's filing.",
        "ACCOUNT_SCREENSHOT": "Screenshot of the official account's or mini program's settings.",
        "TRADEMARK_REGISTRATION": "Trademark registration certificate.",
    },
)


@strawberry.type
class CertificateQuery:
    """Root fields about certificates."""

    @query(actions.DESCRIBE_TPL_SIGN_INFO)
    async def certificate_types(
        self,
        info: Info,
        signature_type: Annotated[
            SignatureType, strawberry.argument(description="What the signature names.")
        ],
        purpose: Annotated[SignaturePurpose, strawberry.argument(description="Whose name it is.")],
    ) -> list[CertificateType] | None:
        """Which certificates prove such a signature of the caller's account: a form's choices."""
        async with info.context.database.read() as session:
            kind = await reviews.identity(session, info.context.owner)
        allowed = rules.certificate_types(signature_type, purpose, kind)
        return [choice for choice in CertificateType if choice in allowed]
