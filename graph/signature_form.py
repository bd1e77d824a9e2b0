"""The form of a signature: what an applicant fills in and what is checked (SIG-1 to SIG-3)."""

import strawberry
from strawberry.file_uploads import Upload

from db.file import FilePurpose
from db.signature import SignatureRow
from domain import signature as rules
from domain.errors import Problem
from domain.region import IdentityKind
from domain.signature import Draft, Purpose
from graph.certificate import CertificateType, SignaturePurpose, SignatureType
from graph.region import Region
from graph.upload import Image, read_images

_NOTE = (
    "At most 500 characters. Mandatory for apps (link to the app in a store), websites (filed "
    "domain name), official accounts and mini programs (full name)."
)
_CERTIFICATE = "The certificate: a .jpg or .png image of less than 5 MB."
_AUTHORIZATION = (
    "The stamped letter of authorization, an image as well: for purpose OTHERS, else ignored. "
    "Its form is at /forms/authorization-letter."
)


@strawberry.input(description="A signature to apply for.")
class SignatureCreateInput:
    """The form of the guide."""

    region: Region = strawberry.field(description="Where it is for.")
    content: str = strawberry.field(
        description="The name without brackets: 2 to 12 Chinese characters, letters and digits "
        "for Mainland China, 2 to 15 characters elsewhere."
    )
    signature_type: SignatureType = strawberry.field(description="What it names.")
    purpose: SignaturePurpose = strawberry.field(description="Whose name it is.")
    certificate_type: CertificateType = strawberry.field(
        description="What proves it; `certificateTypes` lists which do."
    )
    certificate: Upload = strawberry.field(description=_CERTIFICATE)
    authorization: Upload | None = strawberry.field(default=None, description=_AUTHORIZATION)
    note: str = strawberry.field(default="", description=_NOTE)

    def draft(self, kind: IdentityKind) -> Draft:
        """Check all but the images themselves; raises Refused."""
        return rules.draft(
            content=self.content,
            signature_type=self.signature_type,
            purpose=self.purpose,
            certificate_type=self.certificate_type,
            note=self.note,
            has_certificate=True,
            has_authorization=self.authorization is not None,
            region=self.region,
            kind=kind,
        )


@strawberry.input(description="What to change of a signature; what is left out stays.")
class SignatureUpdateInput:
    """The form of the guide, without the region."""

    content: str | None = strawberry.field(default=None, description="The name without brackets.")
    signature_type: SignatureType | None = strawberry.field(
        default=None, description="What it names."
    )
    purpose: SignaturePurpose | None = strawberry.field(
        default=None, description="Whose name it is; SELF_USE drops the letter of authorization."
    )
    certificate_type: CertificateType | None = strawberry.field(
        default=None, description="What proves it."
    )
    certificate: Upload | None = strawberry.field(default=None, description=_CERTIFICATE)
    authorization: Upload | None = strawberry.field(default=None, description=_AUTHORIZATION)
    note: str | None = strawberry.field(default=None, description=_NOTE)

    def applied_to(self, row: SignatureRow, kind: IdentityKind) -> Draft:
        """Check the whole signature as it would be; raises Refused."""
        return rules.draft(
            content=row.content if self.content is None else self.content,
            signature_type=self.signature_type or row.signature_type,
            purpose=self.purpose or row.purpose,
            certificate_type=self.certificate_type or row.certificate_type,
            note=row.note if self.note is None else self.note,
            has_certificate=True,
            has_authorization=self.authorization is not None or row.authorization_id is not None,
            region=row.region,
            kind=kind,
        )


async def images_of(
    form: SignatureCreateInput | SignatureUpdateInput, purpose: Purpose
) -> tuple[list[Image], list[Problem]]:
    """Read the images of a form; a letter counts only for a purpose that needs one."""
    letter = form.authorization if purpose is Purpose.OTHERS else None
    return await read_images(
        {FilePurpose.CERTIFICATE: form.certificate, FilePurpose.AUTHORIZATION: letter}
    )
