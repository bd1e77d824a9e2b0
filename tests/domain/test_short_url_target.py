"""URL-1: where a short URL may lead, and in what form the address goes to browsers."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.errors import Code, Refused
from domain.short_url_target import URL_MOST, check, host_of

OWN = "s.example.com"
UNREACHABLE = "where no recipient gets to: enter a whole host name or IP address"
ACCEPTED = {
    "https://example.com": "https://example.com",
    "  HTTP://Example.COM/Sale?a=1&b=[2]#top  ": "http://example.com/Sale?a=1&b=[2]#top",
    "https://example.com:8443/x": "https://example.com:8443/x",
    "https://example.com:/x": "https://example.com/x",
    "https://example.com./x": "https://example.com/x",
    "https://例子.测试/路径?查询=1#片段": (
        "https://xn--fsqu00a.xn--0zwm56d/%E8%B7%AF%E5%BE%84?%E6%9F%A5%E8%AF%A2=1#%E7%89%87%E6%AE%B5"
    ),
    # Browsers look up the xn-- name; IDNA of 2003 would lead to strasse.de, which is another's.
    "https://straße.de/": "https://xn--strae-oqa.de/",
    "https://xn--fsqu00a.xn--0zwm56d/": "https://xn--fsqu00a.xn--0zwm56d/",
    "https://r3---sn.example.com/": "https://r3---sn.example.com/",
    "http://例子。com/": "http://xn--fsqu00a.com/",
    "http://203.0.113.7/a": "http://203.0.113.7/a",
    "http://[2001:DB8::1]:8080/a": "http://[2001:db8::1]:8080/a",
    "https://example.com/%0d%0aSet-Cookie:%20a=b": "https://example.com/%0d%0aSet-Cookie:%20a=b",
    "https://example.com/?next=https://other.example/@me": (
        "https://example.com/?next=https://other.example/@me"
    ),
}
REFUSED = {
    "": (Code.REQUIRED, "original url is empty: enter 1 to 2000 characters"),
    "   ": (Code.REQUIRED, "original url is empty: enter 1 to 2000 characters"),
    "ftp://example.com": (
        Code.INVALID,
        (
            'original url "ftp://example.com" does not begin '
            "with http:// or https://: enter the whole address"
        ),
    ),
    "javascript:alert(1)": (
        Code.INVALID,
        (
            'original url "javascript:alert(1)" does not begin '
            "with http:// or https://: enter the whole address"
        ),
    ),
    "example.com/sale": (
        Code.INVALID,
        (
            'original url "example.com/sale" does not begin '
            "with http:// or https://: enter the whole address"
        ),
    ),
    "http:///sale": (
        Code.INVALID,
        (
            'original url "http:///sale" names no host: enter an address such as '
            "https://example.com/sale"
        ),
    ),
    "https://example.com:99999/": (
        Code.INVALID,
        (
            'original url "https://example.com:99999/" cannot be read: '
            "enter an address such as https://example.com/sale"
        ),
    ),
    "https://[::1/": (
        Code.INVALID,
        (
            'original url "https://[::1/" cannot be read: '
            "enter an address such as https://example.com/sale"
        ),
    ),
    "https://example.com:0/": (
        Code.INVALID,
        'original url "https://example.com:0/" has port 0: enter 1 to 65535',
    ),
    "https://user:pw@example.com/": (
        Code.INVALID,
        (
            'original url "https://user:pw@example.com/" holds a user name or a password, '
            "which everybody could read: remove it"
        ),
    ),
    "https://S.example.com/s/abcdefgh": (
        Code.INVALID,
        (
            'original url "https://S.example.com/s/abcdefgh" leads to where short URLs are '
            "opened: enter the address it should lead to"
        ),
    ),
    "https://good.example\\@evil.example/": (
        Code.INVALID,
        (
            r'original url "https://good.example\@evil.example/" contains "\": '
            "write it in percent-encoding, or copy the address from a browser"
        ),
    ),
    "https://example.com/a b": (
        Code.INVALID,
        (
            'original url "https://example.com/a b" contains " ": '
            "write it in percent-encoding, or copy the address from a browser"
        ),
    ),
}
HOSTS_OF_NOBODY = (
    "localhost",
    "intranet",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "1.2.3",
    "0.0.0.0",  # noqa: S104 - an address to be refused
    "169.254.169.254",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "224.0.0.1",
    "a..com",
    "-a.com",
    "a-.com",
    "a_b.com",
    "ex%61mple.com",
    "xn--a.com",
    f"{'a' * 64}.com",
    f"{'a.' * 127}com",
)


@pytest.mark.parametrize(("url", "written"), ACCEPTED.items())
def test_an_address_is_kept_in_the_form_that_goes_to_browsers(url: str, written: str) -> None:
    assert check(url, OWN) == written


@pytest.mark.parametrize(("url", "problem"), REFUSED.items(), ids=range(len(REFUSED)))
def test_a_refusal_quotes_the_value_and_names_the_field(
    url: str, problem: tuple[Code, str]
) -> None:
    with pytest.raises(Refused) as refused:
        check(url, OWN)
    (found,) = refused.value.problems
    assert (found.code, found.message) == problem
    assert found.field == ("original_url",)


@pytest.mark.parametrize("host", HOSTS_OF_NOBODY)
def test_a_host_that_no_recipient_reaches_is_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        check(f"http://{host}/x", OWN)
    (found,) = refused.value.problems
    assert found.code is Code.INVALID
    assert found.message.endswith(UNREACHABLE)


@pytest.mark.parametrize("mark", ["\r", "\n", "\t", "\0", "\x7f", "\u2028", "\u202e", "\ud800"])
def test_what_could_end_a_header_or_turn_a_text_around_is_refused(mark: str) -> None:
    with pytest.raises(Refused) as refused:
        check(f"https://example.com/a{mark}b", OWN)
    assert {problem.code for problem in refused.value.problems} == {Code.INVALID}
    assert all("\n" not in problem.message for problem in refused.value.problems)


def test_length_counts_before_and_after_encoding() -> None:
    start = "https://example.com/"
    longest = start + "a" * (URL_MOST - len(start))
    assert check(longest, OWN) == longest
    with pytest.raises(Refused) as refused:
        check(longest + "a", OWN)
    (found,) = refused.value.problems
    assert (found.code, found.field) == (Code.TOO_LONG, ("original_url",))
    assert found.message.endswith("has 2001 characters: shorten it to at most 2000")
    with pytest.raises(Refused) as refused:
        check(start + "路" * 300, OWN)
    (found,) = refused.value.problems
    assert found.code is Code.TOO_LONG
    assert found.message.endswith(
        "has 2720 characters when it is percent-encoded: shorten it to at most 2000"
    )


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        check("https://me@localhost:0/", OWN)
    assert len(refused.value.problems) == 3


PIECES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["http://", "https://", "//", "@", ":", "\\", "\r\n", "[", "]", "%", ".", "。", "#", "?"]
    ),
    st.sampled_from(["example.com", "s.example.com", "例子.测试", "127.0.0.1", "xn--fsqu00a"]),
)


@given(st.lists(PIECES, max_size=8).map("".join))
@example("https://example.com/\u00a0")
@example("https://ex\u00adample.com/")
@example("https://example.com／path")
@example("http://[::ffff:127.0.0.1]/")
def test_whatever_is_accepted_is_ascii_leads_elsewhere_and_is_accepted_again(url: str) -> None:
    try:
        written = check(url, OWN)
    except Refused as refusal:
        for problem in refusal.problems:
            assert problem.field == ("original_url",)
            assert problem.message.isprintable()
        return
    assert re.fullmatch(r"https?://[!-~]+", written)
    assert len(written) <= URL_MOST
    assert not set('\\"<> ') & set(written)
    parts = urlsplit(written)
    assert parts.hostname not in {None, OWN, "127.0.0.1", "localhost"}
    assert "@" not in parts.netloc
    assert check(written, OWN) == written


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{2,5}){1,3}", fullmatch=True), st.text(max_size=40))
def test_any_path_is_carried_to_any_host(host: str, text: str) -> None:
    path = re.sub(r'[\s\\<>"{}|^`\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e\ufffe\uffff]', "", text)
    path = re.sub("[\ud800-\udfff]", "", path)
    written = check(f"https://{host}/{path}", OWN)
    assert host_of(written) == host
