"""Cursors and ids that no list and no object ever gave: an error of the input, never a fault."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest

from graph.connection import page_request
from graph.errors import BadUserInput
from graph.node import decode, key_of
from tests.console import Console


def coded(plain: str) -> str:
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "plain",
    [
        '["0001-01-01T00:00:00+23:59",1]',
        '["9999-12-31T23:59:59-23:59",1]',
        '["2026-03-02T02:00:00",1]',
        '["2026-03-02T02:00:00+00:00","1"]',
        '["2026-03-02T02:00:00+00:00",true]',
        '["2026-03-02T02:00:00+00:00",9223372036854775808]',
        '["2026-03-02T02:00:00+00:00"]',
        "[null,1]",
        '{"0":1}',
        "",
    ],
)
async def test_a_cursor_of_no_list_is_refused(console: Console, plain: str) -> None:
    root = console.root(await console.add_account())
    query = "query ($after: String) { signatures(after: $after) { nodes { id } } }"
    assert (await root.ask(query, after=coded(plain))).code == "BAD_USER_INPUT"


async def test_a_cursor_is_good_for_the_order_it_was_given_in(console: Console) -> None:
    """Two orders may be by moments, so what a cursor holds does not tell them apart."""
    root = console.root(await console.add_account())
    query = """
    query ($field: ShortUrlSort!, $after: String) {
      shortUrls(orderBy: {field: $field}, after: $after) { nodes { id } }
    }
    """
    given = coded('["2026-03-02T02:00:00+00:00",1,"created_at"]')
    assert (await root.ask(query, field="CREATED_AT", after=given)).errors == []
    for field, after in (
        ("EXPIRES_AT", given),
        ("NAME", given),
        ("CREATED_AT", coded('["2026-03-02T02:00:00+00:00",1]')),
    ):
        answer = await root.ask(query, field=field, after=after)
        assert answer.code == "BAD_USER_INPUT"
        (error,) = answer.errors
        assert error.extensions["argument"] == "after"
        assert "a cursor of this list in this order" in error.message


def test_a_cursor_holds_what_its_list_is_sorted_by() -> None:
    moment = page_request(20, coded('["2026-03-02T10:00:00+08:00",7]'), datetime).after
    assert moment == (datetime(2026, 3, 2, 2, tzinfo=UTC), 7)
    assert page_request(20, coded('["a","user:1"]'), str, str).after == ("a", "user:1")
    for kind, identity, plain in (
        (str, int, '["a\\u0000",1]'),
        (str, str, '["a","\\u0000"]'),
        (int, int, "[true,1]"),
        (int, int, '[1,"x"]'),
        (int, int, "[1.0,1]"),
    ):
        with pytest.raises(BadUserInput):
            page_request(20, coded(plain), kind, identity)


def test_an_error_quotes_a_cursor_in_one_short_line() -> None:
    with pytest.raises(BadUserInput) as refused:
        page_request(20, "a\n" + "b" * 500, int)
    assert str(refused.value) == f'"after" must be a cursor of this list, not "a\\u000a{"b" * 38}…"'


def test_an_error_says_whose_id_it_was() -> None:
    with pytest.raises(BadUserInput, match=r"is the id of an Application, not of a User$"):
        key_of(coded("Application:1400000000"), "User")
    with pytest.raises(BadUserInput, match=r"is the id of an Unsubscription, not of a User$"):
        key_of(coded("Unsubscription:1"), "User")
    with pytest.raises(BadUserInput, match=r'^"a\\u000ab" is not an id of this schema$'):
        decode("a\nb")
    with pytest.raises(BadUserInput, match=r"is not an id of this schema$"):
        decode(coded("a\nb:1"))
