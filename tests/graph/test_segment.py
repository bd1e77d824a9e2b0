"""Previews: the full text, its length and its segments (TPL-5)."""

from typing import Any

import pytest

from domain.region import IdentityKind
from tests.console import Console
from tests.graph.test_template import create

PREVIEW = """
query ($id: ID!, $signature: String, $params: [String!]) {
  templatePreview(id: $id, signature: $signature, params: $params) {
    text characters segments encoding userErrors { code field message }
  }
}
"""
MEASURE = """
query ($region: Region!, $content: String!, $signature: String, $params: [String!]) {
  segmentPreview(region: $region, content: $content, signature: $signature, params: $params) {
    text characters segments encoding userErrors { code field message }
  }
}
"""


async def test_a_preview_shows_what_one_recipient_gets(console: Console) -> None:
    root = console.root(await console.add_account())
    identity = await create(root)
    shown = await root.run(PREVIEW, id=identity, signature="Example", params=["A1", "Monday"])
    assert shown["templatePreview"] == {
        "text": "[Example]Your parcel A1 arrives on Monday.",
        "characters": 44,  # the brackets of the signature are two septets each
        "segments": 1,
        "encoding": "GSM7",
        "userErrors": [],
    }
    bare = (await root.run(PREVIEW, id=identity))["templatePreview"]
    assert bare["text"] == "Your parcel {1} arrives on {2}."


@pytest.mark.parametrize(
    ("region", "content", "signature", "expected"),
    [
        ("MAINLAND", "验" * 66, "腾讯", (70, 1, "UCS2")),
        ("MAINLAND", "验" * 67, "腾讯", (71, 2, "UCS2")),
        ("MAINLAND", "a" * 71, None, (71, 2, "UCS2")),
        ("GLOBAL", "a" * 160, None, (160, 1, "GSM7")),
        ("GLOBAL", "a" * 161, None, (161, 2, "GSM7")),
        ("GLOBAL", "€" * 80, None, (160, 1, "GSM7")),
        ("GLOBAL", "a" * 70 + "验", None, (71, 2, "UCS2")),
        ("GLOBAL", "\N{PARTY POPPER}" * 35, None, (70, 1, "UCS2")),
        ("GLOBAL", "", None, (0, 1, "GSM7")),
    ],
)
async def test_unsaved_content_is_measured_as_it_would_be_billed(
    console: Console,
    region: str,
    content: str,
    signature: str | None,
    expected: tuple[int, int, str],
) -> None:
    root = console.root(await console.add_account())
    answer = await root.run(MEASURE, region=region, content=content, signature=signature)
    shown = answer["segmentPreview"]
    assert shown["userErrors"] == []
    assert (shown["characters"], shown["segments"], shown["encoding"]) == expected


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            {"content": "{1} and {2}", "params": ["x"]},
            ("MISMATCH", ["params"], "template takes 2 variables and 1 were given: "),
        ),
        (
            {"content": "code {1}", "params": ["12x"]},
            ("INVALID", ["params"], 'variable {1} value "12x" is no verification code: '),
        ),
        ({"content": "x" * 500}, ("TOO_LONG", ["content"], 'content "xxx')),
        (
            {"content": "x" * 490, "signature": "y" * 9},
            ("TOO_LONG", None, "text has 501 characters with its signature and variables: "),
        ),
        ({"content": "a\ud800"}, ("INVALID", ["content"], 'content "a\\ud800" contains ')),
        ({"content": "a", "signature": "\0x"}, ("INVALID", ["signature"], "signature ")),
    ],
    ids=["params", "code", "too long", "too long in all", "surrogate", "control character"],
)
async def test_what_cannot_be_sent_is_told_instead(
    console: Console, given: dict[str, Any], error: tuple[str, list[str] | None, str]
) -> None:
    root = console.root(await console.add_account())
    shown = (await root.run(MEASURE, region="GLOBAL", **given))["segmentPreview"]
    (problem,) = shown.pop("userErrors")
    assert (problem["code"], problem["field"]) == error[:2]
    assert problem["message"].startswith(error[2])
    assert set(shown.values()) == {None}


async def test_individuals_have_short_variables(console: Console) -> None:
    root = console.root(await console.add_account(identity=IdentityKind.INDIVIDUAL))
    identity = await create(root, content="Hello {1}!")
    shown = (await root.run(PREVIEW, id=identity, params=["x" * 13]))["templatePreview"]
    assert [error["code"] for error in shown["userErrors"]] == ["TOO_LONG"]


async def test_another_accounts_template_has_no_preview(console: Console) -> None:
    identity = await create(console.root(await console.add_account()))
    stranger = console.root(await console.add_account())
    assert await stranger.run(PREVIEW, id=identity) == {"templatePreview": None}
    nobody = console.anybody()
    assert (await nobody.ask(MEASURE, region="GLOBAL", content="x")).code == "UNAUTHENTICATED"
