"""The form of a signature and its images (SIG-1 to SIG-3, ACC-3)."""

from zlib import crc32

import pytest

from domain.certificate import SIZE_LIMIT
from domain.region import IdentityKind
from tests.console import Console
from tests.graph.signing import CREATE, create, form, read, stored
from tests.images import image, upload


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
@pytest.mark.parametrize("region", ["MAINLAND", "GLOBAL"])
async def test_both_kinds_of_image_are_known_by_content_in_both_regions(
    console: Console, kind: str, media_type: str, region: str
) -> None:
    root = console.root(await console.add_account())
    certificate = upload(image(kind), "scan.bin")
    shown = await read(root, await create(root, region=region, certificate=certificate))
    assert shown["certificate"]["mediaType"] == media_type
    assert shown["region"] == region


async def test_all_problems_are_told_at_once_and_nothing_is_kept(console: Console) -> None:
    root = console.root(await console.add_account(identity=IdentityKind.INDIVIDUAL))
    before = await console.digest()
    wrong = form(
        content="【腾讯云】",
        purpose="OTHERS",
        certificateType="APP_SCREENSHOT",
        certificate=upload(b"GIF89a..."),
        note="x" * 501,
    )
    assert await root.refused(CREATE, input=wrong) == [
        ("INVALID", ["input", "content"]),
        ("NOT_PERMITTED", ["input", "signatureType"]),
        ("MISMATCH", ["input", "certificateType"]),
        ("REQUIRED", ["input", "authorization"]),
        ("TOO_LONG", ["input", "note"]),
        ("INVALID", ["input", "certificate"]),
    ]
    assert await console.digest() == before
    assert stored(console) == 0


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        (
            upload(b"x" * (SIZE_LIMIT + 3)),
            "TOO_LARGE",
            f"certificate has {SIZE_LIMIT + 3} bytes: upload an image of less than {SIZE_LIMIT}",
        ),
        (upload(b""), "REQUIRED", "certificate is empty: upload a .jpg or .png image"),
        (
            upload(b"%PDF-1.7", "scan.png"),
            "INVALID",
            "certificate is neither a JPEG nor a PNG image, whatever its name: convert it",
        ),
        (
            "no file at all",
            "INVALID",
            "certificate is no uploaded file: send it as a part of a multipart request",
        ),
    ],
    ids=["too large", "empty", "a PDF", "a text"],
)
async def test_what_is_no_image_is_refused_with_the_way_out(
    console: Console, sent: object, code: str, message: str
) -> None:
    root = console.root(await console.add_account())
    answer = (await root.run(CREATE, input=form(certificate=sent)))["signatureCreate"]
    assert answer["userErrors"] == [
        {"code": code, "field": ["input", "certificate"], "message": message}
    ]
    assert stored(console) == 0


async def test_an_image_just_below_the_limit_is_taken(console: Console) -> None:
    root = console.root(await console.add_account())
    small = image()
    comment = b"tEXt" + b"k\0" + b"x" * (SIZE_LIMIT - 1 - len(small) - 14)
    body = len(comment) - 4
    chunk = body.to_bytes(4, "big") + comment + crc32(comment).to_bytes(4, "big")
    large = small[:-12] + chunk + small[-12:]
    assert len(large) == SIZE_LIMIT - 1
    shown = await read(root, await create(root, certificate=upload(large)))
    assert shown["certificate"]["size"] == SIZE_LIMIT - 1


async def test_for_others_a_letter_is_needed_and_for_self_use_it_is_ignored(
    console: Console,
) -> None:
    root = console.root(await console.add_account())
    refusal = (await root.run(CREATE, input=form(purpose="OTHERS")))["signatureCreate"]
    assert refusal["userErrors"] == [
        {
            "code": "REQUIRED",
            "field": ["input", "authorization"],
            "message": "authorization letter is missing: "
            "a signature for others needs its stamped scan",
        }
    ]
    letter = upload(image("JPEG"))
    shown = await read(root, await create(root, purpose="OTHERS", authorization=letter))
    assert shown["authorization"] == {"mediaType": "image/jpeg", "size": len(image("JPEG"))}
    own = await read(root, await create(root, content="自用", authorization=upload(b"junk")))
    assert own["authorization"] is None


@pytest.mark.parametrize(
    ("kind", "certificate"),
    [
        ("APP", "APP_SCREENSHOT"),
        ("WEBSITE", "WEBSITE_SCREENSHOT"),
        ("OFFICIAL_ACCOUNT", "ACCOUNT_SCREENSHOT"),
    ],
)
async def test_individuals_sign_with_what_they_run_and_must_say_where_it_is(
    console: Console, kind: str, certificate: str
) -> None:
    root = console.root(await console.add_account(identity=IdentityKind.INDIVIDUAL))
    fields = {"signatureType": kind, "certificateType": certificate}
    assert await root.refused(CREATE, input=form(**fields)) == [("REQUIRED", ["input", "note"])]
    await create(root, **fields, note="example.com")


async def test_the_form_knows_which_certificates_prove_what(console: Console) -> None:
    query = """
    query ($type: SignatureType!, $purpose: SignaturePurpose!) {
      certificateTypes(signatureType: $type, purpose: $purpose)
    }
    """
    person = console.root(await console.add_account(identity=IdentityKind.INDIVIDUAL))
    company = console.root(await console.add_account())
    asked = {"type": "APP", "purpose": "SELF_USE"}
    assert await person.run(query, **asked) == {"certificateTypes": ["APP_SCREENSHOT"]}
    assert await company.run(query, **asked) == {
        "certificateTypes": [
            "THREE_IN_ONE_LICENCE",
            "BUSINESS_LICENCE",
            "ORGANIZATION_CODE",
            "SOCIAL_CREDIT_CODE",
            "APP_SCREENSHOT",
        ]
    }
