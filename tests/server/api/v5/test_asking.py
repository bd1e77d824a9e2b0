"""What a program asks and applies for with its AppKey, beside sending (API-1, API-3)."""

from base64 import b64encode
from datetime import timedelta

from db import pull_setting
from db.session import Database
from tests import requesting, sending
from tests.images import image
from tests.requesting import UIN
from tests.server.api.v5.conftest import Program

ONE, TWO = (phone.removeprefix("+86") for phone in requesting.PHONES[:2])
HOUR = 2026030210  # of the account, in Shanghai


async def delivered_and_refused(program: Program, database: Database) -> list[str]:
    """Send twice: one message arrives, one fails; gives their serial numbers."""
    answer = await program.send(ONE, TWO)
    first, second = await sending.claim(database)
    await sending.record(database, sending.accepted(first), sending.accepted(second))
    await sending.bring(database, sending.receipt_of(first), sending.receipt_of(second, "MK:0012"))
    return [one["sid"] for one in answer["detail"]]


async def test_statuses_are_pulled_each_once(program: Program, database: Database) -> None:
    """API-3: while pulling is on."""
    assert (await program.ask("pullstatus", type=0, max=10))["data"] == []
    async with database.write() as session:
        app_id, now = program.parts.app_id, program.clock.now
        await pull_setting.switch(session, UIN, app_id, on=True, now=now)
    sids = await delivered_and_refused(program, database)
    first = await program.ask("pullstatus", type=0, max=1)
    second = await program.ask("pullstatus", type=0, max=100)
    assert (first["count"], second["count"]) == (1, 1)
    (good,), (bad,) = first["data"], second["data"]
    assert [good["sid"], bad["sid"]] == sids
    assert (good["report_status"], good["errmsg"]) == ("SUCCESS", "DELIVRD")
    assert (bad["report_status"], bad["errmsg"], bad["mobile"]) == ("FAIL", "MK:0012", TWO)
    assert good["user_receive_time"].startswith("2026-03-02 10:00")
    assert (await program.ask("pullstatus", type=0, max=1))["count"] == 0
    assert (await program.ask("pullstatus", type=1, max=1))["data"] == []
    assert (await program.ask("pullstatus", type=0, max=101))["result"] == 1004


async def test_statuses_of_a_number_are_given_as_often_as_asked(
    program: Program, database: Database
) -> None:
    sids = await delivered_and_refused(program, database)
    now = int(program.clock.now.timestamp())
    window = {"begin_time": now - 60, "end_time": now + 60, "max": 10}
    for _ in range(2):
        answer = await program.ask("pullstatus4mobile", type=0, nationcode=86, mobile=TWO, **window)
        assert [one["sid"] for one in answer["data"]] == sids[1:]
    replies = await program.ask("pullstatus4mobile", type=1, mobile=TWO, **window)
    assert replies["data"] == []
    wrong = await program.ask("pullstatus4mobile", type=0, mobile="1", **window)
    assert wrong["result"] == 1016
    early = {**window, "begin_time": now, "end_time": now}
    assert (await program.ask("pullstatus4mobile", mobile=TWO, **early))["result"] == 1007


async def test_counts_are_those_of_the_hours_asked_for(
    program: Program, database: Database
) -> None:
    """domain.md 1.3."""
    await delivered_and_refused(program, database)
    asked = {"begin_date": HOUR, "end_date": HOUR}
    sent = await program.ask("pullsendstatus", **asked)
    assert sent["data"] == {"request": 2, "success": 2, "bill_number": 2}
    received = await program.ask("pullcallbackstatus", **asked)
    assert received["data"] == {
        "success": 2,
        "status": 2,
        "status_success": 1,
        "status_fail": 1,
        "status_fail_0": 0,
        "status_fail_1": 1,
        "status_fail_2": 0,
        "status_fail_3": 0,
        "status_fail_4": 0,
    }
    before = {"begin_date": HOUR - 1, "end_date": HOUR - 1}
    assert (await program.ask("pullsendstatus", **before))["data"]["request"] == 0
    program.clock.advance(timedelta(seconds=2))
    for wrong, told in (
        ({"begin_date": 2026039910}, 'begin_date "2026039910" is no hour such as 2026112209'),
        ({"end_date": HOUR - 1}, f'end_date "{HOUR - 1}" lies before begin_date "{HOUR}"'),
    ):
        answer = await program.ask("pullsendstatus", **{**asked, **wrong})
        assert answer["result"] == 1007
        assert answer["errmsg"].startswith(told)


async def test_packages_are_listed_with_what_is_used(program: Program) -> None:
    await program.send(ONE)
    answer = await program.ask("getsmspackages", offset=0, length=10)
    assert answer["total"] == 1
    assert answer["data"] == [] or answer["data"][0]["used"] == 1
    program.clock.advance(timedelta(seconds=1))
    (package,) = (await program.ask("getsmspackages"))["data"]
    assert (package["amount"], package["used"], package["type"]) == (1_000, 1, 1)
    assert package["create_time"] == "2026-03-02 10:00:00"


async def test_a_template_is_applied_for_changed_listed_and_deleted(program: Program) -> None:
    form = {"title": "Notice", "text": "Your parcel {1} is here.", "type": 0}
    made = await program.ask("add_template", **form)
    assert made["result"] == 0, made
    tpl_id = made["data"]["id"]
    assert made["data"]["status"] == 1
    again = {**form, "text": "Your parcel {1} has come.", "tpl_id": tpl_id}
    assert (await program.ask("mod_template", **again))["data"]["id"] == tpl_id
    (shown,) = (await program.ask("get_template", tpl_id=[tpl_id]))["data"]
    assert (shown["text"], shown["status"], shown["type"]) == (again["text"], 1, 0)
    page = await program.ask("get_template", tpl_page={"max": 1, "offset": 1})
    assert (page["total"], page["count"]) == (3, 1)
    assert (await program.ask("del_template", tpl_id=[tpl_id, 99]))["result"] == 1007
    assert (await program.ask("get_template", tpl_id=[tpl_id]))["count"] == 1
    assert (await program.ask("del_template", tpl_id=[tpl_id]))["result"] == 0
    assert (await program.ask("get_template", tpl_id=[tpl_id]))["count"] == 0
    approved = {**form, "tpl_id": program.parts.template_id}
    assert (await program.ask("mod_template", **approved))["result"] == 1007
    assert (await program.ask("get_template"))["result"] == 1004


async def test_a_signature_is_applied_for_listed_and_deleted(program: Program) -> None:
    picture = b64encode(image()).decode()
    made = await program.ask("add_sign", text="新商城", pic=picture, remark="ours")
    assert made["result"] == 0, made
    sign_id = made["data"]["id"]
    assert made["data"] == {"id": sign_id, "status": 1, "text": "新商城"}
    program.clock.advance(timedelta(seconds=2))
    taken = await program.ask("add_sign", text="新商城", pic=picture)
    assert taken["result"] == 1007
    assert '"新商城" is pending' in taken["errmsg"]
    (shown,) = (await program.ask("get_sign", sign_id=sign_id))["data"]
    assert (shown["text"], shown["status"]) == ("新商城", 1)
    changed = await program.ask("mod_sign", sign_id=sign_id, text="老商城", pic=picture)
    assert changed["data"]["text"] == "老商城"
    assert (await program.ask("del_sign", sign_id=[sign_id]))["result"] == 0
    assert (await program.ask("get_sign", sign_id=[sign_id]))["data"] == []
    program.clock.advance(timedelta(seconds=2))
    bad = await program.ask("add_sign", text="新商城", pic="no image")
    assert bad["result"] == 1007
