"""Programs that send with an AppKey, over HTTP (API-1)."""

from datetime import timedelta
from typing import Any

import pytest

from db import application
from db.session import Database
from domain.serial_no import message_id_of
from tests import bulk, requesting
from tests.console import START
from tests.requesting import UIN, kept
from tests.server.api.v5.conftest import Program

MOBILES = [phone.removeprefix("+86") for phone in requesting.PHONES]
ONE = {"nationcode": "86", "mobile": MOBILES[0]}


async def test_one_number_is_the_answer_as_a_whole(program: Program, database: Database) -> None:
    content = {"sign": "Shop0", "tpl_id": program.parts.template_id, "params": ["A1", "Monday"]}
    answer = await program.ask("sendsms", tel=ONE, **content, ext="mine", extend="7")
    (row,) = await kept(database)
    sid = answer.pop("sid")
    assert message_id_of(sid) == row.id
    assert answer == {"result": 0, "errmsg": "OK", "ext": "mine", "fee": 1}
    assert (row.phone, row.account_uin, row.app_id) == ("+86" + MOBILES[0], UIN, 1_400_000_000)


async def test_each_of_many_numbers_is_told(program: Program, database: Database) -> None:
    answer = await program.send(MOBILES[0], "12345", MOBILES[0])
    assert answer["result"] == 0
    told = [(one["result"], one["fee"], one["mobile"]) for one in answer["detail"]]
    assert told == [(0, 1, MOBILES[0]), (1016, 0, "12345"), (1023, 0, MOBILES[0])]
    assert "sid" in answer["detail"][0]
    assert answer["detail"][1]["errmsg"].startswith("the number is no mobile number")
    assert len(await kept(database)) == 3


async def test_a_global_number_needs_no_signature(program: Program) -> None:
    tel = {"nationcode": 852, "mobile": 66660001}
    content = {"tpl_id": str(program.other.template_id), "params": [1, "Monday"]}
    assert (await program.ask("sendsms", tel=tel, **content))["result"] == 0


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"sign": "Nobody"}, 1012),
        ({"tpl_id": 99}, 1014),
        ({"params": []}, 1014),
        ({"params": ["http://a.cn/b", "1"]}, 1048),
        ({"tpl_id": None, "msg": "text", "type": 0}, 1030),
        ({"tpl_id": "seven"}, 1004),
        ({"tpl_id": -1}, 1004),
        ({"params": ["\x00", "1"]}, 1004),
        ({"params": "A1"}, 1004),
        ({"extend": "x"}, 1007),
    ],
)
async def test_what_cannot_be_sent_is_told_by_its_number(
    program: Program, changes: dict[str, Any], result: int
) -> None:
    content = {"tpl_id": program.parts.template_id, "params": ["A1", "Monday"], "ext": "e"}
    answer = await program.ask("sendsms", tel=ONE, **{**content, **changes})
    assert (answer["result"], answer["ext"]) == (result, "e")
    assert answer["errmsg"]


async def test_more_than_200_numbers_and_both_regions_are_refused(
    program: Program, database: Database
) -> None:
    assert (await program.send(*MOBILES[:201]))["result"] == 1046
    tel = [ONE, {"nationcode": "852", "mobile": "66660001"}]
    mixed = await program.ask("sendmultisms2", tel=tel, tpl_id=program.parts.template_id)
    assert mixed["result"] == 1034
    assert (await program.send())["result"] == 1007  # no number: there is no number for it
    assert await kept(database) == []
    assert (await program.send(*MOBILES[:200]))["result"] == 0


async def test_a_request_that_comes_again_sends_nothing(
    program: Program, database: Database
) -> None:
    content = {"tpl_id": program.parts.template_id, "params": ["A1", "Monday"]}
    signed = program.signed({"tel": ONE, **content})
    assert (await program.post("sendsms", *signed))["result"] == 0
    program.clock.advance(timedelta(seconds=60))
    again = await program.post("sendsms", *signed)
    assert (again["result"], again["errmsg"]) == (
        1001,
        "sig was used before: sign each request with another random",
    )
    assert len(await kept(database)) == 1
    assert await bulk.balance(database, UIN, START) == 999


async def test_what_was_refused_as_a_whole_may_be_sent_again(
    program: Program, database: Database
) -> None:
    content = {"tpl_id": program.parts.template_id, "params": ["A1", "Monday"]}
    signed = program.signed({"tel": ONE, **content})
    async with database.write() as session:
        row = await application.changing(session, UIN, program.parts.app_id)
        row.wanted_enabled = False
    assert (await program.post("sendsms", *signed))["result"] == 1020
    async with database.write() as session:
        row = await application.changing(session, UIN, program.parts.app_id)
        row.wanted_enabled = True
    assert (await program.post("sendsms", *signed))["result"] == 0


async def test_a_package_that_is_empty_is_told(program: Program, database: Database) -> None:
    """PKG-4."""
    for start in range(0, 1_000, 200):
        tel = [f"139{number:08d}" for number in range(start, start + 200)]
        assert (await program.send(*tel))["result"] == 0
    answer = await program.send(MOBILES[0])
    assert answer["detail"][0]["result"] == 1031
    assert await bulk.balance(database, UIN, START) == 0
