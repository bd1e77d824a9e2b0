"""Which Casbin models the engine answers for (CAM-6)."""

import pytest

from policies.model import ModelError, check_model, packaged_model

MATCHER = "g(r.sub, p.sub) && camMatch(r.act, p.act) && camMatch(r.res, p.res)"


def test_the_packaged_model_is_accepted() -> None:
    check_model(packaged_model())


def test_action_and_resource_may_be_compared_in_either_order() -> None:
    turned = "g(r.sub, p.sub) && camMatch(r.res, p.res) && camMatch(r.act, p.act)"
    check_model(packaged_model().replace(MATCHER, turned))


@pytest.mark.parametrize(
    "matcher",
    [
        "camMatch(r.act, p.act) && g(r.sub, p.sub) && camMatch(r.res, p.res)",
        "g(r.sub, p.sub) && camMatch(r.act, p.act)",
        'r.sub == "root" || ' + MATCHER,
        MATCHER + " && r.sub != p.sub",
        "g(r.sub, p.sub) && keyMatch(r.act, p.act) && camMatch(r.res, p.res)",
        "g(r.sub, p.sub) && camMatch(r.act, p.act) && camMatch(r.act, p.act)",
        "g(p.sub, r.sub) && camMatch(r.act, p.act) && camMatch(r.res, p.res)",
        "g(r.sub, p.sub) && camMatch(r.act, p.res) && camMatch(r.res, p.act)",
        "g(r.sub, p.sub) && (",
        "true",
    ],
)
def test_a_matcher_of_another_meaning_is_refused(matcher: str) -> None:
    with pytest.raises(ModelError, match='the "m" line of the model is none that decisions are'):
        check_model(packaged_model().replace(MATCHER, matcher))


@pytest.mark.parametrize(
    ("old", "new", "section"),
    [
        ("&& !some(where (p.eft == deny))", "", "e"),
        ("r = sub, act, res", "r = sub, res, act", "r"),
        ("p = sub, sid, eft, act, res", "p = sub, sid, act, res, eft", "p"),
        ("g = _, _", "g = _, _, _", "g"),
    ],
)
def test_other_definitions_are_refused(old: str, new: str, section: str) -> None:
    with pytest.raises(ModelError, match=f'the "{section}" line of the model is none that'):
        check_model(packaged_model().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "section"),
    [("g = _, _", "", "g"), (f"m = {MATCHER}", f"m = {MATCHER}\nm2 = true", "m")],
)
def test_a_model_has_each_definition_once(old: str, new: str, section: str) -> None:
    with pytest.raises(ModelError, match=f'needs exactly one "{section}" line'):
        check_model(packaged_model().replace(old, new))


def test_text_that_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError, match="the model cannot be read"):
        check_model("[matchers]\nnothing here\n")
