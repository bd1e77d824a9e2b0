"""Success is 2xx with a JSON object whose result is 0; anything else is told in words (CFG-2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.callback import Heard
from domain.callback_answer import problem


@pytest.mark.parametrize(
    "body", [b'{"result":0,"errmsg":"OK"}', b' {"result": 0}\n', b'{"result":0.0}']
)
@pytest.mark.parametrize("status", [200, 201, 299])
def test_result_0_with_2xx_is_success(status: int, body: bytes) -> None:
    assert problem(Heard(status=status, body=body)) == ""


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"", "the URL answered 200 without a body"),
        (204, b" \n", "the URL answered 204 without a body"),
        (200, b"OK", 'the URL answered "OK", which is not JSON'),
        (200, b"\xff", "which is not JSON"),
        (200, b"[" * 60_000, "which is not JSON"),
        (200, b'[{"result":0}]', 'JSON without "result"'),
        (200, b'{"errmsg":"OK"}', 'JSON without "result"'),
        (200, b'{"result":1,"errmsg":"full"}', 'answered result "1", not the number 0: "full"'),
        (200, b'{"result":"0"}', 'answered result "\\"0\\"", not the number 0'),
        (200, b'{"result":false}', 'answered result "false", not the number 0'),
        (200, b'{"result":null,"errmsg":7}', 'answered result "null", not the number 0'),
        (301, b"", "301, a redirect, and redirects are not followed"),
        (404, b'{"result":0}', "the URL answered 404"),
        (500, b'{"result":0}', "the URL answered 500"),
    ],
)
def test_everything_else_fails_with_its_reason(status: int, body: bytes, told: str) -> None:
    assert told in problem(Heard(status=status, body=body))


def test_trouble_on_the_way_comes_before_what_was_read() -> None:
    assert problem(Heard(status=200, body=b'{"result":0}', error="too slow")) == "too slow"


@given(status=st.integers(100, 599), body=st.binary(max_size=200))
def test_no_answer_is_too_strange_and_no_reason_spans_lines(status: int, body: bytes) -> None:
    told = problem(Heard(status=status, body=body))
    assert "\n" not in told
    assert len(told) < 250
