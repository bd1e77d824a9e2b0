"""Canonical text, and the way between documents and policy files without loss (CAM-3)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.analysis import diff
from policies.document import DocumentError, parse
from policies.line import read_line
from policies.live import PACKAGED
from policies.mistake import Place, PolicyFileError
from policies.printer import PrintError, format_lines, print_line, to_document, to_lines
from policies.reader import read_files
from policies.rule import Effect, Link, Rule
from tests.policies import worlds
from tests.policies.guide import FIRST, OWNER, SECOND, SYNTAX, allow, deny, document

LINES = f"""\
p, policy:Guide, s0, allow, name/sms:*, {FIRST}
p, policy:Guide, s0, allow, name/sms:*, {SECOND}
p, policy:Guide, s1, deny, name/sms:DeleteAppInfo, {FIRST}
"""


def rules_of(text: str) -> tuple[Rule, ...]:
    return read_files({"site/x.csv": text.encode()}).rules


def test_the_guides_example_becomes_three_lines_and_comes_back() -> None:
    read = parse(SYNTAX, OWNER)
    assert to_lines(read, "policy:Guide") == LINES
    assert to_document(rules_of(LINES), OWNER) == read.normalised()


def test_what_a_file_cannot_say_is_refused() -> None:
    office = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}
    for text, part in (
        (document(allow("sms:*", condition=office)), "statement[0].condition: a policy file has"),
        (document(allow("consolesms:SMS_QueryBill")), "statement[0].action: "),
        (document(deny(["sms:*", "sms:Delet*x"])), "statement[0].action[1]: "),
    ):
        with pytest.raises(PrintError) as refused:
            to_lines(parse(text, OWNER), "policy:Guide")
        assert str(refused.value).startswith(part)
    with pytest.raises(PrintError, match='"Guide" is no policy: write "policy:" and a name'):
        to_lines(parse(SYNTAX, OWNER), "Guide")


@pytest.mark.parametrize("action", ["*", "name/*:Describe*"])
def test_a_star_over_services_means_more_in_a_file_than_in_a_document(action: str) -> None:
    line = Rule("policy:P", "all", Effect.ALLOW, action, "*")
    with pytest.raises(PrintError, match="all: in a file"):
        to_document((line,), OWNER)
    read = parse(document(allow(action)), OWNER)
    again = to_document(rules_of(to_lines(read, "policy:P")), OWNER)
    assert diff(read.compile("p"), parse(again, OWNER).compile("p"), OWNER) == []


def test_what_a_document_may_not_say_is_refused() -> None:
    foreign = Rule("policy:P", "s", Effect.DENY, "name/sms:*", "qcs::sms::uin/999:app/*")
    installation = Rule("policy:P", "s", Effect.ALLOW, "name/operator:*", "*")
    for rule in (foreign, installation):
        with pytest.raises(DocumentError):
            to_document((rule,), OWNER)
    with pytest.raises(DocumentError):
        to_document((), OWNER)


def test_lines_that_are_no_product_become_several_statements() -> None:
    lines = (
        Rule("policy:P", "s", Effect.ALLOW, "name/sms:SendSms", "*"),
        Rule("policy:P", "s", Effect.ALLOW, "name/sms:DeleteAppInfo", FIRST),
        Rule("policy:P", "s", Effect.ALLOW, "name/sms:DescribeAppInfo", FIRST),
    )
    statements = parse(to_document(lines, OWNER), OWNER).statements
    assert [(each.actions, each.resources) for each in statements] == [
        (("name/sms:SendSms",), ("*",)),
        (("name/sms:DeleteAppInfo", "name/sms:DescribeAppInfo"), (FIRST,)),
    ]


def test_formatting_puts_right_what_has_one_meaning() -> None:
    messy = (
        "\n\n#Freeze  \n  p,policy:F , apps,deny,sms: deleteappinfo,QCS::SMS::uin/1:app/*\r\n"
        "\n \n\ng,account:1,policy:F\n\n"
    )
    tidy = (
        "# Freeze\n"
        "p, policy:F, apps, deny, name/sms:DeleteAppInfo, qcs::sms::uin/1:app/*\n"
        "\n"
        "g, account:1, policy:F\n"
    )
    assert format_lines("site/f.csv", messy) == tidy
    assert format_lines("site/f.csv", tidy) == tidy
    assert format_lines("site/f.csv", "\n \n") == ""


def test_formatting_leaves_what_could_mean_two_things_to_the_author() -> None:
    with pytest.raises(PolicyFileError) as refused:
        format_lines("site/f.csv", "P, policy:F, s, Deny, sms:Nothing, *\np, policy:F\n")
    places = [str(mistake.place) for mistake in refused.value.mistakes]
    assert places == ["site/f.csv:1:1", "site/f.csv:2:1"]


@pytest.mark.parametrize(
    "path", sorted(PACKAGED.rglob("*.csv")), ids=lambda path: path.relative_to(PACKAGED).as_posix()
)
def test_the_packaged_files_are_formatted(path: object) -> None:
    text = PACKAGED.joinpath(str(path)).read_text()
    assert format_lines(str(path), text) == text


@given(st.one_of(worlds.rules, worlds.links))
def test_a_printed_line_reads_as_itself(line: Rule | Link) -> None:
    read = read_line(print_line(line), Place("x", 1, 1))
    assume(not isinstance(read, tuple))
    assert read == line


actions = st.sampled_from(["sms:*", "sms:Describe*", "name/sms:SendSms", "cam:GetUser"])
resources = st.sampled_from(["*", "qcs::sms:::app/*", "qcs::SMS::uin/12345678:app/14*", FIRST])
statements = st.builds(
    lambda say, action, resource: say(action, resource),
    st.sampled_from([allow, deny]),
    st.lists(actions, min_size=1, max_size=3),
    st.lists(resources, min_size=1, max_size=3),
)


@given(st.lists(statements, min_size=1, max_size=4))
def test_documents_come_back_from_lines_as_they_were(content: list[dict[str, object]]) -> None:
    read = parse(document(*content), OWNER)
    lines = to_lines(read, "policy:P")
    assert format_lines("x", lines) == lines
    assert to_document(rules_of(lines), OWNER) == read.normalised()
