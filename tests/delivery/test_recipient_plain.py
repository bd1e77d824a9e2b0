"""BLK-3: the short way for ordinary values answers what the template's own rules answer."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.recipient_file.plain import Plain
from domain import template
from domain.region import IdentityKind, Region
from domain.segment import measure

PIECES = [
    "com",
    "cn",
    "www.",
    "t.cn/x",
    "http://",
    "1.2.3.4/",
    "a.co",
    "1.5",
    "【",
    "\n",
    "\r",
    "😀",
]
VALUE = st.one_of(
    st.text(string.ascii_letters + string.digits + " ,.-:/\n张三验", max_size=20),
    st.lists(st.sampled_from([*PIECES, "x", "7", "\n"]), max_size=6).map("".join),
    st.text(max_size=20),
    st.integers(1, 600).map(lambda size: "x" * size),
)
CONTENT = st.sampled_from(
    ["Dear {1}, see {2}.", "{2}{1}", "您好{1}，{2}", "50% off {1} {1} {2}", "x" * 480 + "{1}{2}"]
)


@given(
    content=CONTENT,
    signature=st.sampled_from([None, "XYZ", "示例公司"]),
    identity=st.sampled_from(IdentityKind),
    params=st.tuples(VALUE, VALUE).map(list),
)
def test_both_ways_agree(
    content: str, signature: str | None, identity: IdentityKind, params: list[str]
) -> None:
    compiled = template.compile(content, identity)
    plain = Plain.prepare(compiled, signature, identity)
    assert plain is not None
    full = plain.full_text(params)
    if full is not None:
        assert compiled.check(params) is None
        assert full == template.full_text(signature, compiled.render(params), Region.MAINLAND)
        assert plain.measure(full) == measure(full, Region.MAINLAND)


@pytest.mark.parametrize("params", [["Ann", "A-1"], ["张三", "12.50"], ["a, b", "x" * 470]])
def test_ordinary_values_take_the_short_way(params: list[str]) -> None:
    plain = Plain.prepare(template.compile("Dear {1}: {2}"), "XYZ", IdentityKind.ORGANIZATION)
    assert plain is not None
    assert plain.full_text(params) == f"【XYZ】Dear {params[0]}: {params[1]}"


@pytest.mark.parametrize("params", [["", "A-1"], ["Ann", ""], ["Ann", " "], ["\n", "A-1"]])
def test_empty_values_go_the_long_way(params: list[str]) -> None:
    plain = Plain.prepare(template.compile("Dear {1}: {2}"), "XYZ", IdentityKind.ORGANIZATION)
    assert plain is not None
    assert plain.full_text(params) is None


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        ("Your code is {1}", "XYZ"),
        ("Hello 😀 {1}", "XYZ"),
        ("Hello \ue000 {1}", None),
        ("x" * 500, "X"),
    ],
)
def test_unusual_templates_go_the_long_way(content: str, signature: str | None) -> None:
    compiled = template.compile(content)
    assert Plain.prepare(compiled, signature, IdentityKind.ORGANIZATION) is None
