"""What may be done with a carrier, and what is entered of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import carrier_form
from domain.carrier_form import CarrierKind, Draft
from domain.carrier_settings import Smpp
from domain.errors import Code, Refused

SMPP = Smpp(host="smsc.example.com", port=2775, system_id="console")


def told(refused: Refused) -> list[tuple[Code, str, tuple[str, ...]]]:
    return [(each.code, each.message, each.field) for each in refused.problems]


@pytest.mark.parametrize("name", ["a", "acme", "acme-2", "a" * 40])
def test_a_name_is_lower_case_letters_digits_and_hyphens(name: str) -> None:
    assert carrier_form.draft(name, " n ", SMPP, "secret") == Draft(name, "n", SMPP, "secret")


@pytest.mark.parametrize("name", ["", "Acme", "2acme", "-acme", "acme_2", "acme ", "a" * 41, "é"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        carrier_form.draft(name, "", SMPP, "secret")
    ((code, message, field),) = told(refused.value)
    assert (code, field) == (Code.INVALID, ("name",))
    assert message.endswith("is not usable: enter 1 to 40 of a-z, 0-9 and hyphen, a letter first")


def test_every_problem_of_a_new_carrier_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        carrier_form.draft("?", "n" * 201, Smpp(host="", port=0, system_id=""), "")
    assert [field for _, _, field in told(refused.value)] == [
        ("name",),
        ("note",),
        ("smpp", "host"),
        ("smpp", "port"),
        ("smpp", "system_id"),
        ("smpp", "password"),
    ]


def test_a_password_is_not_handed_to_another_host() -> None:
    other = Smpp(host="other.example.com", port=2775, system_id="console")
    assert carrier_form.changed("", SMPP, other, "secret") == ("", other)
    with pytest.raises(Refused) as refused:
        carrier_form.changed("", SMPP, other, None)
    message = 'password is needed again: the old one was for "smsc.example.com"'
    assert told(refused.value) == [(Code.REQUIRED, message, ("smpp", "password"))]


def test_a_change_leaves_the_password_and_what_is_not_given() -> None:
    moved = Smpp(host=" smsc.example.com ", port=2776, system_id="console")
    stored = Smpp(host="smsc.example.com", port=2776, system_id="console")
    assert carrier_form.changed(" a ", SMPP, moved, None) == ("a", stored)
    assert carrier_form.changed("b", SMPP, None, None) == ("b", None)
    with pytest.raises(Refused) as refused:
        carrier_form.changed("n" * 201, SMPP, Smpp(host="smsc", port=0, system_id="x"), "")
    assert [field for _, _, field in told(refused.value)] == [
        ("note",),
        ("smpp", "port"),
        ("smpp", "password"),
    ]


def test_the_simulator_has_no_settings() -> None:
    assert carrier_form.check_speaks(SMPP) is SMPP
    with pytest.raises(Refused) as refused:
        carrier_form.check_speaks(None)
    message = "the simulator does not speak SMPP: change its note only"
    assert told(refused.value) == [(Code.INVALID, message, ("smpp",))]


@pytest.mark.parametrize(("routes", "named"), [([3], "route 3"), ([1, 2, 200], "routes 1, 2, 200")])
def test_a_carrier_that_routes_name_stays(routes: list[int], named: str) -> None:
    carrier_form.check_delete("acme", CarrierKind.SMPP, [])
    with pytest.raises(Refused) as refused:
        carrier_form.check_delete("acme", CarrierKind.SMPP, routes)
    message = f'carrier "acme" is named by {named}: take it out of them first'
    assert told(refused.value) == [(Code.WRONG_STATE, message, ("id",))]


def test_the_simulator_stays() -> None:
    with pytest.raises(Refused) as refused:
        carrier_form.check_delete("simulator", CarrierKind.SIMULATOR, [])
    message = "the simulator cannot be deleted: leave it out of the routes instead"
    assert told(refused.value) == [(Code.NOT_PERMITTED, message, ("id",))]


def test_an_installation_has_at_most_a_hundred_carriers() -> None:
    carrier_form.check_room(99)
    with pytest.raises(Refused) as refused:
        carrier_form.check_room(100)
    message = "at most 100 carriers: delete what is no longer needed"
    assert told(refused.value) == [(Code.LIMIT_EXCEEDED, message, ())]


@given(binds=st.integers(0, 20), window=st.integers(0, 400))
def test_there_is_room_while_the_windows_of_bound_connections_are_not_full(
    binds: int, window: int
) -> None:
    smpp = Smpp(host="smsc", port=1, system_id="x", binds=10, window=20)
    room = carrier_form.has_room(smpp, binds=binds, wanted=10, window=window)
    assert room == (binds > 0 and window < 20 * binds)
    pairs = carrier_form.has_room(smpp, binds=binds, wanted=20, window=window)
    assert pairs == (binds > 0 and window < 10 * binds)
    assert carrier_form.has_room(None, binds=binds, wanted=1, window=window) == (binds > 0)
