"""Where callbacks may lead: never into the operator's own network (CFG-2, RPL-1)."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.callback_url import URL_MOST, check, forbidden, networks
from domain.errors import Code, Refused


def problems(url: str, opened: str = "") -> list[tuple[Code, str]]:
    with pytest.raises(Refused) as refusal:
        check(url, networks(opened))
    assert {problem.field for problem in refusal.value.problems} == {("url",)}
    return [(problem.code, problem.message) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/sms",
        "http://example.com:8080/a/b?key=1&x=%20",
        "http://8.8.8.8/",
        "http://134744072/",
        "http://010.8.8.8/",
        "http://1.example/",
        "http://0x7f.example/",
        "https://[2606:4700::1111]/sms",
        "https://xn--fiqs8s.example/",
        "https://" + "a" * (URL_MOST - 8),
    ],
)
def test_public_urls_are_taken_as_they_are(url: str) -> None:
    assert check(f"  {url} ", ()) == url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "url is empty"),
        ("ftp://example.com/", "does not begin with http:// or https://"),
        ("example.com/sms", "does not begin with http:// or https://"),
        ("https://user:secret@example.com/", "holds a user name"),
        ("https://example.com/#part", "has a fragment"),
        ("https://example.com/#", "has a fragment"),
        ("https:///path", "names no host"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://example.com:0/", "has port 0"),
        ("https://[::1/", "cannot be read"),
        ("https://例子.example/", "xn-- form"),
        ("https://example.com/a b", "without blanks"),
        ("https://example.com/\r\nhost: x", "without blanks"),
        ("http://localhost/", "leads to 127.0.0.1, which is loopback"),
        ("http://a.localhost./", "which is loopback"),
        ("http://127.0.0.1:8000/", "which is loopback"),
        ("http://10.1.2.3/", "which is private"),
        ("http://169.254.169.254/latest/", "which is link-local"),
        ("http://[::ffff:192.168.0.1]/", "which is private"),
        ("http://2130706433/", "leads to 127.0.0.1, which is loopback"),
        ("http://127.1/", "leads to 127.0.0.1, which is loopback"),
        ("http://0x7f.0.0x1./", "leads to 127.0.0.1, which is loopback"),
        ("http://017700000001/", "leads to 127.0.0.1, which is loopback"),
        ("http://0x0A010203/", "leads to 10.1.2.3, which is private"),
        ("http://0xA9FEA9FE:80/latest/", "leads to 169.254.169.254, which is link-local"),
        ("http://0/", "leads to 0.0.0.0, which is "),
        ("http://256.1.1.1/", "names no address: write four numbers from 0 to 255 between dots"),
        ("http://1.2.3.4.5/", "names no address"),
        ("http://08.1.1.1/", "names no address"),
        ("http://0x/", "names no address"),
        ("http://4294967296/", "names no address"),
        ("http://example.123/", "names no address"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(url: str, told: str) -> None:
    ((_, message),) = problems(url)
    assert told in message


def test_every_problem_of_a_url_is_named_at_once() -> None:
    found = problems("http://u@10.0.0.1:0/#" + "a" * URL_MOST)
    assert [code for code, _ in found] == [Code.TOO_LONG] + [Code.INVALID] * 4


def test_an_operator_opens_chosen_networks() -> None:
    opened = networks("10.0.0.0/8, 127.0.0.1/32,fd00::/8")
    for url in ("http://10.9.9.9/", "http://localhost/", "http://[fd00::5]/"):
        assert check(url, opened) == url
    assert "private" in problems("http://192.168.1.1/", "10.0.0.0/8")[0][1]
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        networks("10.0.0.1/8")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing is bound to it
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",  # metadata of Alibaba Cloud
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",  # WireServer of Azure
        "169.254.169.254",  # metadata of most clouds
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",  # metadata of Oracle Cloud
        "192.0.2.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",  # 127.0.0.1 in an IPv4-compatible address
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",  # 10.0.0.1 behind NAT64
        "2002:a00:1::",  # 10.0.0.1 behind 6to4
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # 10.0.0.1 behind Teredo
        "64:ff9b:1::1",
        "100::1",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",  # metadata of AWS
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_addresses_that_are_not_public_are_forbidden(address: str) -> None:
    assert forbidden(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert forbidden(ip_address(address), ()) == ""


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_whatever_ipv6_address_it_hides(
    address: object,
) -> None:
    plain = forbidden(ip_address(str(address)), ())
    number = int(ip_address(str(address)))
    for wrapped in (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ip_address((0x2002 << 112) | (number << 80))),
    ):
        assert bool(forbidden(ip_address(wrapped), ())) == bool(plain), wrapped


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(f"ftp://{text}", ())
    assert all("\n" not in problem.message for problem in refusal.value.problems)


@given(value=st.integers(0, 2**32 - 1), parts=st.integers(1, 4), data=st.data())
def test_an_address_is_judged_alike_in_every_spelling(
    value: int, parts: int, data: st.DataObject
) -> None:
    octets = value.to_bytes(4)
    numbers = [*octets[: parts - 1], int.from_bytes(octets[parts - 1 :])]
    forms = [data.draw(st.sampled_from(["{}", "0x{:x}", "0{:o}"])) for _ in numbers]
    written = [form.format(number) for form, number in zip(forms, numbers, strict=True)]
    address = ip_address(value)
    for opened in ("", "10.0.0.0/8,127.0.0.0/8"):
        reason = forbidden(address, networks(opened))
        url = f"http://{'.'.join(written)}/"
        if reason:
            ((_, message),) = problems(url, opened)
            assert message.endswith(f"leads to {address}, {reason}: enter a public address")
        else:
            assert check(url, networks(opened)) == url
