"""What the server does with hostile and with ordinary requests."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from graph import limits
from server import bounds
from server import graphql as endpoint
from tests.console import Console

VIEWER = {"query": "{ viewer { name } }"}


async def code_of(http: httpx2.AsyncClient, query: str) -> str | None:
    answer = (await http.post("/graphql", json={"query": query})).json()
    return answer["errors"][0]["extensions"]["code"] if answer.get("errors") else None


async def test_a_token_in_the_header_says_who_calls(
    http: httpx2.AsyncClient, console: Console
) -> None:
    from tests.graph.test_sign_in import signed_in  # noqa: PLC0415 - one story, told there

    account, token = await signed_in(console)
    query = {"query": "{ viewer { name account { uin } } }"}
    assert (await http.post("/graphql", json=query)).json()["errors"][0]["extensions"] == {
        "code": "UNAUTHENTICATED"
    }
    answer = await http.post("/graphql", json=query, headers={"authorization": f"Bearer {token}"})
    assert answer.json()["data"]["viewer"] == {
        "name": "root",
        "account": {"uin": str(account.uin)},
    }


async def test_a_form_without_the_preflight_header_runs_nothing(http: httpx2.AsyncClient) -> None:
    form = {"operations": json.dumps(VIEWER), "map": "{}"}
    files = {"0": ("x.txt", b"x")}
    refused = await http.post("/graphql", data=form, files=files)
    assert refused.status_code == 400
    assert "Apollo-Require-Preflight" in refused.json()["errors"][0]["message"]
    allowed = await http.post(
        "/graphql", data=form, files=files, headers={"apollo-require-preflight": "1"}
    )
    assert allowed.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_type_runs_nothing(
    http: httpx2.AsyncClient, content_type: str
) -> None:
    body = json.dumps(VIEWER)
    answer = await http.post("/graphql", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400


async def test_a_body_is_counted_whatever_its_header_says(http: httpx2.AsyncClient) -> None:
    query = "{ viewer { name } } #" + "x" * bounds.JSON_BYTES
    declared = await http.post("/graphql", json={"query": query})
    assert declared.status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        body = json.dumps({"query": query}).encode()
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    headers = {"content-type": "application/json"}
    chunked = await http.post("/graphql", content=chunks(), headers=headers)
    assert chunked.status_code == 413
    assert chunked.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"5",
        b'"x"',
        b"[]",
        b'{"query": 5}',
        b'{"query": "{ viewer { name } }\xff"}',
        b'{"query": "{ viewer { name } }", "operationName": "\\ud800"}',
        b'{"query": "{ viewer { name } }", "variables": {"n": NaN}}',
        b'{"query": "{ viewer { name } }", "variables": {"n": ' + b"[" * 100_000 + b"]" * 100_000,
    ],
)
async def test_a_body_that_is_no_request_is_refused_in_json(
    http: httpx2.AsyncClient, body: bytes
) -> None:
    headers = {"content-type": "application/json"}
    answer = await http.post("/graphql", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_number_of_many_digits_is_an_input_error(http: httpx2.AsyncClient) -> None:
    query = "query ($n: Int!) { applications(first: $n) { nodes { id } } }"
    body = f'{{"query": "{query}", "variables": {{"n": {"9" * 5_000}}}}}'
    headers = {"content-type": "application/json"}
    answer = await http.post("/graphql", content=body, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("operations", "file_map"),
    [
        ("null", "{}"),
        ("[]", '{"0": ["variables.f"]}'),
        ("5", "{}"),
        ('{"query": "{ viewer { name } }"}', "null"),
        ('{"query": "{ viewer { name } }"}', "[]"),
        ('{"query": "{ viewer { name } }"}', '{"0": [5]}'),
        (
            '{"query": "{ viewer { name } }", "variables": {"f": null}}',
            '{"0": ["variables.f.a.b"]}',
        ),
        ('{"query": "{ viewer { name } }", "variables": {"f": []}}', '{"0": ["variables.f.5"]}'),
        ('{"query": "{ viewer { name } }", "variables": {"f": [1]}}', '{"0": ["variables.f.x"]}'),
        ('{"query": "{ viewer { name } }", "variables": {"f": null}}', '{"1": ["variables.f"]}'),
    ],
)
async def test_a_form_whose_map_fits_nothing_is_refused_in_json(
    http: httpx2.AsyncClient, operations: str, file_map: str
) -> None:
    answer = await http.post(
        "/graphql",
        data={"operations": operations, "map": file_map},
        files={"0": ("x.csv", b"x")},
        headers={"apollo-require-preflight": "1"},
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_form_without_a_boundary_is_refused_in_json(http: httpx2.AsyncClient) -> None:
    headers = {"content-type": "multipart/form-data", "apollo-require-preflight": "1"}
    answer = await http.post("/graphql", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_an_operation_that_takes_too_long_is_given_up(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "SECONDS", 0)
    answer = await http.post("/graphql", json={"query": "{ viewer { name } }"})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"] == {"code": "QUERY_TOO_COSTLY"}


async def test_a_query_by_get_and_a_batch_are_refused(http: httpx2.AsyncClient) -> None:
    got = await http.get("/graphql", params=VIEWER, headers={"accept": "application/json"})
    assert got.status_code == 400
    assert got.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (await http.post("/graphql", json=[VIEWER, VIEWER])).status_code == 400


def doubling(levels: int) -> str:
    """Write fragments that each spread the next one twice: 2**levels selections in few tokens."""
    lines = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return "{ ...f0 } " + " ".join(lines) + f" fragment f{levels} on Query {{ __typename }}"


def in_fragment(mutations: int) -> str:
    """Write a document whose mutations stand in a fragment."""
    lines = " ".join("signOut { signedOut }" for _ in range(mutations))
    return f"mutation {{ ...f }} fragment f on Mutation {{ ... {{ {lines} }} }}"


@pytest.mark.parametrize(
    "query",
    [
        doubling(levels=40),
        in_fragment(limits.MAX_ROOT_MUTATIONS + 1),
        "{ " + " ".join(f"a{n}: __schema {{ types {{ name }} }}" for n in range(6)) + " }",
        "{ __schema { " + " ".join(f"a{n}: types {{ name }}" for n in range(6)) + " } }",
        "{ " + " ".join(f"a{n}: __typename" for n in range(limits.MAX_ALIASES + 1)) + " }",
    ],
    ids=["doubling", "mutations in a fragment", "schemas", "types", "type names"],
)
async def test_a_query_cannot_hide_its_cost(http: httpx2.AsyncClient, query: str) -> None:
    assert await code_of(http, query) == "QUERY_TOO_COSTLY"


async def test_fragments_may_hold_as_much_as_the_operation(http: httpx2.AsyncClient) -> None:
    assert await code_of(http, doubling(levels=11)) is None
    assert await code_of(http, in_fragment(limits.MAX_ROOT_MUTATIONS)) == "UNAUTHENTICATED"
    types = " ".join(f"a{n}: types {{ name }}" for n in range(limits.MAX_SCHEMA_ALIASES))
    assert await code_of(http, f"{{ __schema {{ {types} }} }}") is None


@pytest.mark.parametrize(
    "query",
    [
        "{ " + " ".join(f"a{n}: viewer {{ name }}" for n in range(limits.MAX_ALIASES + 1)) + " }",
        "{ viewer { name " + "@skip(if: false) " * (limits.MAX_DIRECTIVES + 1) + "} }",
        "mutation { " + " ".join("signOut { signedOut }" for _ in range(11)) + " }",
        "{ applications(first: 99999) { nodes { id } } }",
        "query ($n: Int!) { " + "applications(first: $n) { nodes { id } } " * 101 + "}",
        "{ " + "viewer { account { id } } " * 5_000 + "}",
        "{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }",
    ],
    ids=["aliases", "directives", "mutations", "page", "pages", "fields", "fragment cycle"],
)
async def test_a_query_that_could_hurt_is_refused_before_it_runs(
    http: httpx2.AsyncClient, query: str
) -> None:
    assert await code_of(http, query) in {"QUERY_TOO_COSTLY", "BAD_USER_INPUT"}


async def test_limits_allow_what_stands_at_them(http: httpx2.AsyncClient) -> None:
    aliases = "{ " + " ".join(f"a{n}: viewer {{ name }}" for n in range(limits.MAX_ALIASES)) + " }"
    assert await code_of(http, aliases) == "UNAUTHENTICATED"


async def test_an_introspection_query_of_graphiql_is_not_too_costly(
    http: httpx2.AsyncClient,
) -> None:
    from graphql import get_introspection_query  # noqa: PLC0415 - only here

    assert await code_of(http, get_introspection_query()) is None


async def test_health_and_page_answer_with_safe_headers(http: httpx2.AsyncClient) -> None:
    health = await http.get("/healthz")
    assert health.json() == {"status": "ok", "problems": []}
    page = await http.get("/graphql", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "SMS Console" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_nothing_but_the_pages_own_files_is_served(http: httpx2.AsyncClient) -> None:
    for name in ("react/package.json", "../package.json", "%2e%2e/pyproject.toml", "nothing.js"):
        assert (await http.get(f"/static/{name}")).status_code == 404


async def test_a_document_with_two_operations_runs_none_unless_one_is_named(
    http: httpx2.AsyncClient,
) -> None:
    body = {"query": "query A { viewer { name } } mutation B { signOut { signedOut } }"}
    (error,) = (await http.post("/graphql", json=body)).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "operationName has to say which to run: A, B"
    (error,) = (await http.post("/graphql", json={**body, "operationName": "A"})).json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_too_many_tokens_are_too_costly_and_not_unreadable(http: httpx2.AsyncClient) -> None:
    assert await code_of(http, "{ " + "viewer { name } " * 2_000 + "}") == "QUERY_TOO_COSTLY"
