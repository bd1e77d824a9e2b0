"""The password of a carrier is written and never read."""

import logging
from typing import Any

import pytest
import sqlalchemy

from db.carrier import CarrierRow
from tests.console import Caller, Console
from tests.graph.carriers import CREATE, LIST, SECRET, UPDATE, create, form, password


async def test_a_password_changes_when_it_is_given(console: Console, operator: Caller) -> None:
    made = await create(operator)
    await operator.run(UPDATE, id=made["id"], input={"smpp": {"password": "other"}})
    assert await password(console) == "other"
    moved = {"smpp": {"host": "192.0.2.66"}}
    before = await console.digest()
    answer = await operator.run(UPDATE, id=made["id"], input=moved)
    assert answer["carrierUpdate"] == {
        "carrier": None,
        "userErrors": [
            {
                "code": "REQUIRED",
                "field": ["input", "smpp", "password"],
                "message": 'password is needed again: the old one was for "smsc.example.com"',
            }
        ],
    }
    assert await console.digest() == before
    moved["smpp"]["password"] = "third"
    answer = await operator.run(UPDATE, id=made["id"], input=moved)
    assert answer["carrierUpdate"]["carrier"]["smpp"]["host"] == "192.0.2.66"
    assert await password(console) == "third"


async def test_a_password_stands_nowhere_in_clear(
    console: Console, operator: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await create(operator)
    other = SECRET + "-2"
    answers = [
        await operator.run(UPDATE, id=made["id"], input={"smpp": {"password": other}}),
        await operator.run(CREATE, input=form()),
        await operator.run(CREATE, input=form(password=other * 10)),
        await operator.run(CREATE, input=form(password=f"{other}\u00e9")),
        await operator.run(LIST),
    ]
    assert SECRET not in str(answers)
    assert SECRET not in caplog.text
    async with console.database.read() as session:
        connection = await session.connection()
        for table in CarrierRow.metadata.sorted_tables:
            rows = (await connection.execute(sqlalchemy.select(table))).all()
            assert SECRET not in str(rows)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"smpp": form()["smpp"]},
            (
                "Variable '$input' has invalid value: Expected value of type "
                "'CarrierCreateInput' to include required field 'name'"
            ),
        ),
        (
            form(password=[SECRET]),
            (
                "Variable '$input' has invalid value at .smpp.password: String cannot represent "
                "a non string value"
            ),
        ),
        (
            form(pasword=SECRET),
            (
                "Variable '$input' has invalid value at .smpp: Expected value of type "
                "'SmppCreateInput' not to include unknown field 'pasword'. Did you mean "
                "'password'?"
            ),
        ),
        (
            {"name": "acme", "smpp": SECRET},
            (
                "Variable '$input' has invalid value at .smpp: Expected value of type "
                "'SmppCreateInput' to be an object"
            ),
        ),
    ],
)
async def test_an_input_that_cannot_be_read_is_not_quoted(
    operator: Caller, given: dict[str, Any], said: str
) -> None:
    answer = await operator.ask(CREATE, input=given)
    assert (answer.code, answer.errors[0].message) == ("BAD_USER_INPUT", said)
