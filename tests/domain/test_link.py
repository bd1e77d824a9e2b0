"""Links are found however they are written, and nothing else is taken for one (TPL-2)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link import links


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.com/a?b=1.", "https://example.com/a?b=1."),
        ("weixin://dl/x", "weixin://dl/x"),
        ("点击t.cn/x查看", "点击t.cn/x"),
        ("www.example.xyz", "www.example.xyz"),
        ("baidu.com", "baidu.com"),
        ("见baidu.com。", "见baidu.com"),
        ("EXAMPLE.COM:8080", "EXAMPLE.COM:8080"),
        ("ＷＷＷ．ａ．ｃｏｍ", "WWW.a.com"),
        ("阿里.com", "阿里.com"),
        ("1.2.3.4/x", "1.2.3.4/x"),
        ("paid.in/x", "paid.in/x"),
        ("www.{1}.com", "www.{1}.com"),
        ("{1}.com", "{1}.com"),
        ("https://a.cn/{1}", "https://a.cn/{1}"),
    ],
)
def test_links(text: str, found: str) -> None:
    assert links(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3.5kg",
        "12:30",
        "Mr.Xu/Mrs.Li",
        "a@b.com",
        "v1.2.3",
        "1.2.3.4",
        "100.00",
        "paid.In two days",
        "No.{1}",
        "您好。再见",
        "a:b",
        "and so on...",
    ],
)
def test_what_is_none(text: str) -> None:
    assert links(text) == []


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_full_address_is_found_in_any_text(before: str, after: str) -> None:
    assert any("https://t.cn/x" in link for link in links(f"{before}https://t.cn/x{after}"))


@pytest.mark.parametrize(
    "text", ["a." * 250, "a" * 499 + ".", "{1}" * 166, "www" * 160, "1." * 250]
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    start = time.perf_counter()
    links(text)
    assert time.perf_counter() - start < 0.1
