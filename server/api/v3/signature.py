"""Actions on signatures, by the rules of the console (API-2, SIG-1 to SIG-5)."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from db import account
from db import signature as signatures
from db.file import FilePurpose
from db.signature import Listing, SignatureRow
from domain import quota
from domain import signature as rules
from domain.account import Capability
from domain.certificate import SIZE_LIMIT
from domain.errors import Code, Problem, Refused
from domain.region import IdentityKind
from domain.review import STATUS_NUMBERS
from domain.signature import (
    CERTIFICATE_NUMBERS,
    PURPOSE_NUMBERS,
    TYPE_NUMBERS,
    CertificateType,
    Draft,
    Purpose,
    SignatureType,
)
from graph.context import Context
from graph.signature_submission import Images, resubmit, submit
from graph.upload import Image, checked
from policies import actions
from server.api.v3.fault import ApiFault
from server.api.v3.operation import ANY_FIELD, Operation, Refusals, Result
from server.api.v3.parameters import Id, International, Parameters, Text
from server.api.v3.region import NUMBER_OF, REGION_OF, same_region

_IMAGE_TEXT_MOST: Final = SIZE_LIMIT * 4 // 3 + 8  # base64 of the largest image, and padding
# 2021 tells mini programs (6) and their screenshots from those of official accounts (8).
_TYPES: Final = {number: kind for kind, number in TYPE_NUMBERS.items()} | {
    6: SignatureType.OFFICIAL_ACCOUNT
}
_CERTIFICATES: Final = {number: kind for kind, number in CERTIFICATE_NUMBERS.items()} | {
    8: CertificateType.ACCOUNT_SCREENSHOT
}
_PURPOSES: Final = {number: purpose for purpose, number in PURPOSE_NUMBERS.items()}
DELETED: Final = "return successfully!"

ImageText = Annotated[str, Field(max_length=_IMAGE_TEXT_MOST)]


class SignParameters(Parameters):
    """The form of a signature, numbers for its enumerations (domain.md 1.5)."""

    sign_name: Text
    sign_type: Annotated[int, Field(ge=0, le=6)]
    document_type: Annotated[int, Field(ge=0, le=8)]
    international: International
    sign_purpose: Annotated[int, Field(ge=0, le=1)]
    proof_image: ImageText
    commission_image: ImageText | None = None
    remark: Text = ""
    qualification_id: Id | None = None

    def draft(self, kind: IdentityKind) -> Draft:
        """Check all but the images themselves; raises Refused."""
        return rules.draft(
            content=self.sign_name,
            signature_type=_TYPES[self.sign_type],
            purpose=_PURPOSES[self.sign_purpose],
            certificate_type=_CERTIFICATES[self.document_type],
            note=self.remark,
            has_certificate=True,
            has_authorization=bool(self.commission_image),
            region=REGION_OF[self.international],
            kind=kind,
        )

    def applied_to(self, row: SignatureRow, kind: IdentityKind) -> Draft:
        """Check what a signature would become; its region stays."""
        same_region(row.region, self.international)
        return self.draft(kind)

    async def images(self) -> Images:
        """Read the images; the letter counts only for a purpose that needs one."""
        if self.qualification_id is not None:
            message = f'QualificationId "{self.qualification_id}": there are no qualifications here'
            raise ApiFault("InvalidParameterValue.QualificationIdNotFound", message)
        given = {FilePurpose.CERTIFICATE: self.proof_image}
        if self.commission_image and _PURPOSES[self.sign_purpose] is Purpose.OTHERS:
            given[FilePurpose.AUTHORIZATION] = self.commission_image
        images: list[Image] = []
        problems: list[Problem] = []
        for purpose, text in given.items():
            try:
                images.append(await asyncio.to_thread(_image, purpose, text))
            except Refused as refusal:
                problems += refusal.problems
        return images, problems


class ModifyParameters(SignParameters):
    """The whole form again, and which signature it is for."""

    sign_id: Id


class DeleteParameters(Parameters):
    """Which signature."""

    sign_id: Id


class ListParameters(Parameters):
    """Signatures by their ids, or a part of all of them."""

    international: International
    sign_id_set: Annotated[list[Id], Field(max_length=100)] = Field(default_factory=list)
    limit: Annotated[int, Field(ge=0, le=100)] = 10
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def _image(purpose: FilePurpose, text: str) -> Image:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        label = purpose.replace("_", " ")
        message = f"{label} is not in base64: leave out what is before the comma of a data URL"
        raise Refused.one(Code.INVALID, message, purpose) from None
    return checked(purpose, data)


async def add(context: Context, given: SignParameters) -> Result:
    """Apply for a signature."""
    await organizations_only(context)
    region = REGION_OF[given.international]
    row = await submit(context, region, await given.images(), given.draft)
    return {"AddSignStatus": {"SignId": row.id}}


async def modify(context: Context, given: ModifyParameters) -> Result:
    """Change a signature that is not approved; it is submitted again."""
    await organizations_only(context)

    async def images(_: SignatureRow) -> Images:
        return await given.images()

    row = await resubmit(context, given.sign_id, images, given.applied_to)
    return {"ModifySignStatus": {"SignId": row.id}}


async def delete(context: Context, given: DeleteParameters) -> Result:
    """Delete a signature in any state."""
    await organizations_only(context)
    async with context.change() as session:
        await signatures.remove(session, context.owner, given.sign_id, context.now)
    status = {"DeleteStatus": DELETED, "DeleteTime": int(context.now.timestamp())}
    return {"DeleteSignStatus": status}


async def listed(context: Context, given: ListParameters) -> Result:
    """Give the signatures of a region, newest first."""
    await organizations_only(context)
    async with context.database.read() as session:
        rows = await signatures.part(
            session,
            Listing(context.owner, REGION_OF[given.international]),
            ids=given.sign_id_set,
            offset=0 if given.sign_id_set else given.offset,
            limit=len(given.sign_id_set) or given.limit,
        )
    if given.sign_id_set and not rows:
        message = "SignIdSet names no signature of this account and region"
        raise ApiFault("FailedOperation.MissingSignatureList", message)
    return {"DescribeSignListStatusSet": _shown(rows)}


def _shown(rows: Sequence[SignatureRow]) -> list[Result]:
    return [
        {
            "SignId": row.id,
            "International": NUMBER_OF[row.region],
            "StatusCode": STATUS_NUMBERS[row.status],
            "ReviewReply": row.reason,
            "SignName": row.content,
            "CreateTime": int(row.created_at.timestamp()),
        }
        for row in rows
    ]


async def organizations_only(context: Context) -> None:
    """Raise Refused for an individual's account (domain.md 1.1)."""
    async with context.database.read() as session:
        await account.check(session, context.owner, Capability.SIGN_API)


NOT_ENTERPRISE: Final = {(Code.NOT_PERMITTED, ""): "FailedOperation.NotEnterpriseCertification"}
_REFUSALS: Final = Refusals(
    fields={
        "id": "SignId",
        "region": "International",
        "content": "SignName",
        "signature_type": "SignType",
        "purpose": "SignPurpose",
        "certificate_type": "DocumentType",
        "certificate": "ProofImage",
        "authorization": "CommissionImage",
        "note": "Remark",
    },
    codes={
        **NOT_ENTERPRISE,
        (Code.NOT_FOUND, "id"): "FailedOperation.MissingSignatureToModify",
        (Code.WRONG_STATE, "id"): "InvalidParameterValue.SignAlreadyPassedCheck",
        (Code.MISMATCH, "region"): "InvalidParameterValue.InvalidInternational",
        (Code.TOO_LONG, "content"): "InvalidParameterValue.SignNameLengthTooLong",
        (Code.TAKEN, "content"): "InvalidParameterValue.SignExistAndUnapproved",
        (Code.MISMATCH, "certificate_type"): "InvalidParameterValue.InvalidDocumentType",
        (Code.REQUIRED, "authorization"): "MissingParameter",
        (Code.REQUIRED, "note"): "MissingParameter",
        **{
            (code, field): "InvalidParameterValue.ImageInvalid"
            for code in (Code.INVALID, Code.TOO_LARGE)
            for field in ("certificate", "authorization")
        },
        (Code.REQUIRED, "certificate"): "InvalidParameterValue.ImageInvalid",
        (Code.LIMIT_EXCEEDED, ANY_FIELD): "FailedOperation.SignNumberLimit",
    },
)
_ON_DELETE: Final = Refusals(
    fields=_REFUSALS.fields,
    codes={**NOT_ENTERPRISE, (Code.NOT_FOUND, "id"): "FailedOperation.SignIdNotExist"},
)
OPERATIONS: Final = (
    Operation(actions.ADD_SMS_SIGN, SignParameters, add, _REFUSALS, quota.SIGNATURES),
    Operation(actions.MODIFY_SMS_SIGN, ModifyParameters, modify, _REFUSALS),
    Operation(actions.DELETE_SMS_SIGN, DeleteParameters, delete, _ON_DELETE),
    Operation(actions.DESCRIBE_SMS_SIGN_LIST, ListParameters, listed, _REFUSALS),
)
