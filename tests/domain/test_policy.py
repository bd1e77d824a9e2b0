"""Names of policies and of presets (CAM-2, CAM-3)."""

from datetime import UTC, datetime

import pytest

from domain.errors import Code, Refused
from domain.policy import ALIASES, PRESETS, check_description, check_name, preset

NOW = datetime(2026, 3, 2, 2, 0, 5, tzinfo=UTC)


def test_a_preset_is_known_by_every_published_spelling() -> None:
    for name in PRESETS:
        assert preset(name) == name
    assert preset("QcloudSMSReadonlyAccess") == "QcloudSMSReadOnlyAccess"
    assert set(ALIASES.values()) <= set(PRESETS)
    assert preset("qcloudsmsfullaccess") is None
    assert preset("RootAccount") is None


def test_a_policy_without_a_name_gets_the_consoles() -> None:
    assert check_name(None, NOW) == "policygen-20260302020005"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", Code.INVALID),
        ("a b", Code.INVALID),
        ("é", Code.INVALID),
        ("a:b", Code.INVALID),
        ("x" * 129, Code.INVALID),
        *((name.upper(), Code.TAKEN) for name in (*PRESETS, *ALIASES)),
    ],
)
def test_a_name_that_cannot_be(name: str, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        check_name(name, NOW)
    assert [(each.code, each.field) for each in refused.value.problems] == [(code, ("name",))]


def test_the_limits_themselves_are_allowed() -> None:
    assert check_name(" " + "a" * 128, NOW) == "a" * 128
    assert check_description("é" * 150) == "é" * 150
    with pytest.raises(Refused):
        check_description("é" * 150 + "x")
