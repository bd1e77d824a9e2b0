"""Uploading over HTTP and downloading what was handed in (SIG-1, SIG-2, REV-1)."""

import json
import logging
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest

from db import sign_in
from db.account import AccountRow
from db.user import UserRow
from domain.region import Verification
from tests.access import Company, allow, done
from tests.console import Console
from tests.images import image, upload

CREATE = """
mutation ($input: SignatureCreateInput!) {
  signatureCreate(input: $input) {
    signature { certificate { url size } authorization { url } }
    userErrors { code field message }
  }
}
"""
VERIFY = """
mutation ($input: VerificationRequestInput!) {
  verificationRequest(input: $input) {
    verificationRequest { document { url } } userErrors { code field message }
  }
}
"""
LETTER = "/forms/authorization-letter"


@dataclass(slots=True)
class Browser:
    """Somebody signed in, or nobody, on the other side of HTTP."""

    http: httpx2.AsyncClient
    headers: dict[str, str]

    async def get(self, url: str) -> httpx2.Response:
        """Download something."""
        return await self.http.get(url, headers=self.headers)

    async def apply(self, certificate: bytes, letter: bytes | None = None) -> dict[str, Any]:
        """Apply for a signature, as an upload client does it."""
        fields: dict[str, Any] = {
            "region": "GLOBAL",
            "content": "Example",
            "signatureType": "COMPANY",
            "purpose": "OTHERS" if letter else "SELF_USE",
            "certificateType": "BUSINESS_LICENCE",
            "certificate": None,
        }
        files = {"0": ("scan.png", certificate)}
        places = {"0": ["variables.input.certificate"]}
        if letter:
            fields["authorization"] = None
            files["1"] = ("letter.jpg", letter)
            places["1"] = ["variables.input.authorization"]
        answer = await self.http.post(
            "/graphql",
            data={
                "operations": json.dumps({"query": CREATE, "variables": {"input": fields}}),
                "map": json.dumps(places),
            },
            files=files,
            headers={**self.headers, "apollo-require-preflight": "1"},
        )
        payload: dict[str, Any] = answer.json()["data"]["signatureCreate"]
        return payload


async def browser(console: Console, http: httpx2.AsyncClient, user_uin: int) -> Browser:
    token = f"token of {user_uin}".replace(" ", "-")
    async with console.database.write() as session:
        now = console.clock.now
        await sign_in.open_session(session, user_uin, token, now, timedelta(hours=1))
    return Browser(http, {"authorization": f"Bearer {token}"})


async def operator(console: Console, http: httpx2.AsyncClient) -> Browser:
    row: UserRow = await console.add_user(None, "reviewer")
    return await browser(console, http, row.uin)


async def test_what_was_uploaded_comes_back_to_its_account_and_to_operators(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    root = await browser(console, http, account.uin)
    made = await root.apply(image(), image("JPEG"))
    assert made["userErrors"] == []
    certificate = made["signature"]["certificate"]["url"]
    for caller in (root, await operator(console, http)):
        answer = await caller.get(certificate)
        assert (answer.status_code, answer.content) == (200, image())
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-length"] == str(len(image()))
        assert answer.headers["content-disposition"] == 'attachment; filename="certificate-1.png"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cache-control"] == "no-store"
    letter = await root.get(made["signature"]["authorization"]["url"])
    assert (letter.headers["content-type"], letter.content) == ("image/jpeg", image("JPEG"))
    assert letter.headers["content-disposition"] == 'attachment; filename="authorization-2.jpg"'


async def test_what_hides_behind_an_image_is_not_kept(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    root = await browser(console, http, account.uin)
    made = await root.apply(image() + b"PK\x03\x04 an archive")
    assert made["signature"]["certificate"]["size"] == len(image())
    assert (await root.get(made["signature"]["certificate"]["url"])).content == image()


async def test_a_file_of_another_account_looks_like_none(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account, other = await console.add_account(), await console.add_account()
    made = await (await browser(console, http, account.uin)).apply(image())
    url = made["signature"]["certificate"]["url"]
    stranger = await browser(console, http, other.uin)
    answers = [
        await stranger.get(address)
        for address in (
            url,
            "/files/RmlsZTo5OTk",  # File:999
            "/files/U2lnbmF0dXJlOjE",  # Signature:1
            "/files/1",
            "/files/%00",
            "/files/" + "A" * 1000,
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {
        b'{"errors":[{"message":"there is no such file","extensions":{"code":"NOT_FOUND"}}]}'
    }


async def test_an_identity_document_is_for_who_may_see_the_request_and_for_operators(
    console: Console, http: httpx2.AsyncClient
) -> None:
    """ACC-2."""
    account = await console.add_account(verification=Verification.UNVERIFIED)
    url = (await _request_verification(console, account)).removeprefix("http://console.test")
    only_signatures = await sub_account(console, http, account, "DescribeTPLSignInfo")
    only_identity = await sub_account(console, http, account, "DescribeVerification")
    for caller in (
        only_identity,
        await browser(console, http, account.uin),
        await operator(console, http),
    ):
        answer = await caller.get(url)
        assert (answer.status_code, answer.content) == (200, image())
        assert answer.headers["content-disposition"] == 'attachment; filename="document-1.png"'
    denied = await only_signatures.get(url)
    assert denied.status_code == 403
    assert denied.json()["errors"][0]["extensions"]["action"] == "sms:DescribeVerification"
    stranger = await browser(console, http, (await console.add_account()).uin)
    assert (await stranger.get(url)).status_code == 404


async def _request_verification(console: Console, account: AccountRow) -> str:
    shown = await done(
        console.root(account),
        VERIFY,
        input={"name": "Acme Ltd", "kind": "ORGANIZATION", "document": upload()},
    )
    url: str = shown["verificationRequest"]["document"]["url"]
    return url


async def sub_account(
    console: Console, http: httpx2.AsyncClient, account: AccountRow, action: str
) -> Browser:
    company = Company(console, account, console.root(account))
    policy = await company.policy(action, allow(f"name/sms:{action}"))
    person = await company.person(action, policy)
    return await browser(console, http, person.uin)


async def test_policies_decide_about_files_as_about_fields(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    made = await (await browser(console, http, account.uin)).apply(image())
    url = made["signature"]["certificate"]["url"]
    reader = await console.sub(account, "QcloudSMSReadOnlyAccess", name="reader")
    nobody = await console.sub(account, name="nobody")
    assert reader.principal is not None
    assert nobody.principal is not None
    allowed = await browser(console, http, reader.principal.uin)
    denied = await browser(console, http, nobody.principal.uin)
    for address in (url, LETTER, "/files/RmlsZTo5OTk"):
        answer = await denied.get(address)
        assert answer.status_code == 403
        (error,) = answer.json()["errors"]
        assert error["extensions"] == {
            "code": "FORBIDDEN",
            "action": "sms:DescribeTPLSignInfo",
            "resource": "*",
        }
    assert (await allowed.get(url)).status_code == 200
    assert (await allowed.get(LETTER)).status_code == 200


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer guessed"}])
async def test_nobody_downloads_without_signing_in(
    http: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    for address in (LETTER, "/files/RmlsZTox"):
        answer = await http.get(address, headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_bytes_that_are_lost_are_told_and_logged(
    console: Console, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    account = await console.add_account()
    root = await browser(console, http, account.uin)
    made = await root.apply(image())
    folder = console.store._folder  # noqa: SLF001 - the bytes are taken away behind the store
    assert folder is not None
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    path.unlink()
    with caplog.at_level(logging.ERROR, logger="server.download"):
        answer = await root.get(made["signature"]["certificate"]["url"])
    assert answer.status_code == 404
    logged = [one.getMessage() for one in caplog.records if one.name == "server.download"]
    assert logged == [f'file 1 is not in the store under "{path.relative_to(folder).as_posix()}"']


async def test_the_form_of_the_letter_is_a_word_document(
    console: Console, http: httpx2.AsyncClient
) -> None:
    account = await console.add_account()
    for caller in (await browser(console, http, account.uin), await operator(console, http)):
        answer = await caller.get(LETTER)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        )
        assert answer.headers["content-disposition"] == (
            'attachment; filename="authorization-letter.docx"'
        )
    with zipfile.ZipFile(BytesIO(answer.content)) as package:
        assert package.testzip() is None
        parts = {name: ET.fromstring(package.read(name)) for name in package.namelist()}  # noqa: S314 - our own document
    assert set(parts) == {"[Content_Types].xml", "_rels/.rels", "word/document.xml"}
    words = [text.text for text in parts["word/document.xml"].iter() if text.tag.endswith("}t")]
    assert "Authorizing party: full name of the owner of the signature" in words
    assert "被授权方（账号认证的全称）" in words
    assert "Official seal of the authorizing party" in words
