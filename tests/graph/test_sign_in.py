"""Signing in, out, and changing passwords (ACC-4)."""

from datetime import timedelta

from db import sign_in
from db import user as db_user
from db.account import AccountRow
from db.user import UserRow
from domain.password import hash_password
from graph.authority import Principal
from tests.console import Caller, Console

PASSWORD = "Correct-horse-7"
HASH = hash_password(PASSWORD)
SIGN_IN = """
mutation ($uin: String, $name: String, $password: String!) {
  signIn(input: {accountUin: $uin, name: $name, password: $password}) {
    token expiresAt viewer { name kind mustResetPassword account { uin } }
    userErrors { code field message }
  }
}
"""
CHANGE = """
mutation ($current: String!, $new: String!) {
  passwordChange(input: {current: $current, new: $new}) {
    changed userErrors { code field message }
  }
}
"""


async def give_password(console: Console, uin: int) -> None:
    async with console.database.write() as session:
        await db_user.set_password(session, uin, HASH)


async def test_root_sub_account_and_operator_sign_in_by_the_same_mutation(console: Console) -> None:
    account = await console.add_account()
    sub, operator = await console.add_user(account, "ops"), await console.add_user(None, "op")
    for user in (account.uin, sub.uin, operator.uin):
        await give_password(console, user)
    nobody = console.anybody()
    uin = str(account.uin)
    root = (await nobody.run(SIGN_IN, uin=uin, password=PASSWORD))["signIn"]
    assert root["viewer"] == {
        "name": "root",
        "kind": "ROOT",
        "mustResetPassword": False,
        "account": {"uin": uin},
    }
    assert root["expiresAt"] == (console.clock.now + timedelta(hours=12)).isoformat()
    answer = (await nobody.run(SIGN_IN, uin=uin, name="ops", password=PASSWORD))["signIn"]
    assert answer["viewer"]["kind"] == "SUB"
    answer = (await nobody.run(SIGN_IN, name="op", password=PASSWORD))["signIn"]
    assert answer["viewer"] == {
        "name": "op",
        "kind": "OPERATOR",
        "mustResetPassword": False,
        "account": None,
    }


async def holder(console: Console, token: str) -> UserRow | None:
    async with console.database.read() as session:
        return await sign_in.holder(session, token, console.clock.now)


async def signed_in(console: Console) -> tuple[AccountRow, str]:
    account = await console.add_account()
    await give_password(console, account.uin)
    answer = await console.anybody().run(SIGN_IN, uin=str(account.uin), password=PASSWORD)
    token: str = answer["signIn"]["token"]
    return account, token


async def test_a_token_ends_by_itself(console: Console) -> None:
    account, token = await signed_in(console)
    console.clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    found = await holder(console, token)
    assert found is not None
    assert found.uin == account.uin
    console.clock.advance(timedelta(seconds=1))
    assert await holder(console, token) is None


async def test_a_changed_password_ends_every_session(console: Console) -> None:
    account, token = await signed_in(console)
    root = console.root(account)
    assert await root.refused(CHANGE, current="wrong", new="Battery-staple-8") == [
        ("BAD_CREDENTIALS", ["input", "current"])
    ]
    assert await root.refused(CHANGE, current=PASSWORD, new="short") == [
        ("TOO_SHORT", ["input", "new"]),
        ("INVALID", ["input", "new"]),
    ]
    for new, message in (
        ("Short-1", "new password is too short: use at least 8 characters"),
        (PASSWORD, "new password is the one in force: choose another"),
    ):
        answer = await root.run(CHANGE, current=PASSWORD, new=new)
        (error,) = answer["passwordChange"]["userErrors"]
        assert (error["field"], error["message"]) == (["input", "new"], message)
    assert await holder(console, token) is not None
    answer = await root.run(CHANGE, current=PASSWORD, new="Battery-staple-8")
    assert answer["passwordChange"] == {"changed": True, "userErrors": []}
    assert await holder(console, token) is None
    nobody = console.anybody()
    uin = str(account.uin)
    assert await nobody.refused(SIGN_IN, uin=uin, password=PASSWORD) == [("BAD_CREDENTIALS", None)]
    assert (await nobody.run(SIGN_IN, uin=uin, password="Battery-staple-8"))["signIn"]["token"]


async def test_a_disabled_user_is_out_at_once(console: Console) -> None:
    account, token = await signed_in(console)
    async with console.database.write() as session:
        row = await db_user.get(session, account.uin)
        assert row is not None
        row.disabled = True
    assert await holder(console, token) is None
    assert await console.anybody().refused(SIGN_IN, uin=str(account.uin), password=PASSWORD) == [
        ("BAD_CREDENTIALS", None)
    ]


async def test_every_wrong_sign_in_gets_the_same_answer(console: Console) -> None:
    account, _ = await signed_in(console)
    nobody = console.anybody()
    uin = str(account.uin)
    answers = [
        (await nobody.run(SIGN_IN, **variables))["signIn"]["userErrors"]
        for variables in (
            {"uin": uin, "password": "wrong"},
            {"uin": uin, "name": "nobody", "password": PASSWORD},
            {"uin": "99999999", "password": PASSWORD},
            {"uin": "not a number", "password": PASSWORD},
            {"uin": "9" * 30, "password": PASSWORD},
            {"name": "nobody", "password": PASSWORD},
            {"uin": uin, "name": "x" * 5_000, "password": "y" * 5_000},
        )
    ]
    assert answers == [answers[0]] * len(answers)
    assert answers[0][0]["code"] == "BAD_CREDENTIALS"


async def test_tries_are_limited_by_name_until_the_window_has_passed(console: Console) -> None:
    account, _ = await signed_in(console)
    nobody = console.anybody()
    uin = str(account.uin)
    for _ in range(10):
        assert await nobody.refused(SIGN_IN, uin=uin, password="wrong") == [
            ("BAD_CREDENTIALS", None)
        ]
    assert await nobody.refused(SIGN_IN, uin=uin, password=PASSWORD) == [
        ("TOO_MANY_ATTEMPTS", None)
    ]
    console.clock.advance(timedelta(minutes=15))
    assert (await nobody.run(SIGN_IN, uin=uin, password=PASSWORD))["signIn"]["token"]


async def test_a_user_has_one_spelling_and_so_one_count_of_tries(console: Console) -> None:
    account, _ = await signed_in(console)
    nobody = console.anybody()
    for uin in (f"0{account.uin}", f" {account.uin}", f"{account.uin}\n", f"+{account.uin}"):
        assert await nobody.refused(SIGN_IN, uin=uin, password=PASSWORD) == [
            ("BAD_CREDENTIALS", None)
        ]
    name = "n" * 64
    await give_password(console, (await console.add_user(account, name)).uin)
    uin = str(account.uin)
    assert await nobody.refused(SIGN_IN, uin=uin, name=f"{name}n", password=PASSWORD) == [
        ("BAD_CREDENTIALS", None)
    ]
    answer = await nobody.run(SIGN_IN, uin=uin, name=name, password=PASSWORD)
    assert answer["signIn"]["token"]


async def test_the_password_in_force_is_no_new_password(console: Console) -> None:
    account, token = await signed_in(console)
    root = console.root(account)
    assert await root.refused(CHANGE, current=PASSWORD, new=PASSWORD) == [
        ("INVALID", ["input", "new"])
    ]
    assert await holder(console, token)


async def test_a_name_that_no_database_takes_is_nobodys(console: Console) -> None:
    for uin in (None, "12345678"):
        assert await console.anybody().refused(SIGN_IN, uin=uin, name="a\0", password="x") == [
            ("BAD_CREDENTIALS", None)
        ]


async def test_tries_are_limited_by_address_whatever_the_names(console: Console) -> None:
    nobody = console.anybody()
    async with console.database.write() as session:
        for _ in range(100):
            await sign_in.attempt(
                session, "address:192.0.2.1", console.clock.now, console.terms.sign_in_window
            )
    assert await nobody.refused(SIGN_IN, uin="55555555", password="x") == [
        ("TOO_MANY_ATTEMPTS", None)
    ]


async def test_who_must_reset_may_do_nothing_else(console: Console) -> None:
    account = await console.add_account()
    row = await console.add_user(account, "fresh")
    row.must_reset = True
    caller = Caller(console, Principal.of(row))
    assert (await caller.run("{ viewer { mustResetPassword } }"))["viewer"] == {
        "mustResetPassword": True
    }
    assert (await caller.ask("{ applications { nodes { id } } }")).code == "FORBIDDEN"


async def test_nobody_has_no_viewer(console: Console) -> None:
    assert (await console.anybody().ask("{ viewer { name } }")).code == "UNAUTHENTICATED"
