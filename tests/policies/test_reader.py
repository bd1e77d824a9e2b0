"""Policy files: every trap of Casbin's file adapter is refused by place (CAM-2, CAM-6)."""

import pytest

from policies.line import MAX_LINE_LENGTH
from policies.mistake import Mistake, Place, PolicyFileError
from policies.reader import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_MISTAKES,
    read_files,
)
from policies.rule import Effect, Link, Rule

GOOD = "p, policy:A, s0, deny, name/sms:DeleteAppInfo, *\n"


def mistakes(text: str | bytes) -> list[str]:
    """Read one file that has mistakes and tell them."""
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(PolicyFileError) as refused:
        read_files({"a.csv": content})
    return [str(mistake) for mistake in refused.value.mistakes]


def test_a_file_says_rules_and_links_with_their_places() -> None:
    text = (
        "# who may delete nothing\r\n\r\n  # 中文 comments too\n"
        "p, policy:A, s0, deny, name/sms:DeleteAppInfo, *\r\n"
        "\tp,policy:A,s1,allow,name/sms:*,qcs::sms::uin/12345678:app/1400000001\n"
        "g, user:100001, group:ops\n"
        "g, group:ops, policy:A"
    )
    files = read_files({"a.csv": text.encode()})
    app = "qcs::sms::uin/12345678:app/1400000001"
    rules = (
        Rule("policy:A", "s0", Effect.DENY, "name/sms:DeleteAppInfo", "*"),
        Rule("policy:A", "s1", Effect.ALLOW, "name/sms:*", app),
    )
    links = (Link("user:100001", "group:ops"), Link("group:ops", "policy:A"))
    assert (files.rules, files.links) == (rules, links)
    assert files.places == {
        rules[0]: Place("a.csv", 4, 1),
        rules[1]: Place("a.csv", 5, 1),
        links[0]: Place("a.csv", 6, 1),
        links[1]: Place("a.csv", 7, 1),
    }


@pytest.mark.parametrize(
    ("line", "column", "problem", "instead"),
    [
        ("p, policy:A, s0, Deny, name/sms:*, *", 18, '"Deny" is no effect', 'write "deny"'),
        (
            "p, policy:A, s0, dney, name/sms:*, *",
            18,
            '"dney" is no effect',
            'write "allow" or "deny"',
        ),
        (
            "p, policy:A, s0, deny # x, name/sms:*, *",
            23,
            "a comment after a line would become part of its last column",
            "move the comment to a line of its own",
        ),
        ("P, policy:A, s0, deny, name/sms:*, *", 1, '"P" is no kind of line', 'begin it with "p"'),
        ("p2, policy:A", 1, '"p2" is no kind of line', 'begin it with "p" or "g"'),
        (
            "p, policy:A, s0, deny, name/sms:*",
            1,
            "a p line has 6 columns, this one 5",
            'write "p, <policy:name>, <statement>, <allow or deny>, <action>, <resource>"',
        ),
        (
            "g, user:1, policy:A, x",
            1,
            "a g line has 3 columns, this one 4",
            'write "g, <member>, <policy:name or group:name>"',
        ),
        (
            'p, "policy:A", s0, deny, name/sms:*, *',
            4,
            "quotes do not quote or group anything here",
            'remove "',
        ),
        (
            "p, policy:A, s[0], deny, name/sms:*, *",
            15,
            "brackets do not quote or group anything here",
            "remove [",
        ),
        ("p, A, s0, deny, name/sms:*, *", 4, '"A" is no policy', 'write "policy:" and a name'),
        (
            "p, policy:, s0, deny, name/sms:*, *",
            4,
            '"policy:" is no policy',
            "name it with 1 to 128 letters, digits and +=.@_-",
        ),
        (
            "p, policy:A, , deny, name/sms:*, *",
            14,
            '"" is no statement id',
            "use 1 to 64 letters, digits and _.-",
        ),
        (
            "p, policy:A, s0, deny, name/SMS: DeleteAppInfo , *",
            24,
            '"name/SMS: DeleteAppInfo" is not the canonical spelling',
            'write "name/sms:DeleteAppInfo"',
        ),
        (
            "p, policy:A, s0, deny, name/sms:*, qcs::SMS::uin/1:app/*",
            36,
            '"qcs::SMS::uin/1:app/*" is not the canonical spelling',
            'write "qcs::sms::uin/1:app/*"',
        ),
        (
            "p, policy:A, s0, deny, name/sms:DeletAppInfo, *",
            24,
            'unknown action "name/sms:DeletAppInfo", did you mean DeleteAppInfo?',
            "",
        ),
        (
            "p, policy:A, s0, deny, name/sms:Delet App, *",
            38,
            'action "name/sms:Delet App" has " " in a name',
            "remove it",
        ),
        (
            "p, policy:A, s0, deny, name/sms:Erase*, *",
            24,
            '"name/sms:Erase*" stands for no published action',
            "take the names from the action catalogue",
        ),
        (
            "p, policy:\u0410, s0, deny, name/sms:*, *",
            11,
            'the letter "\u0410" (U+0410) is not ASCII',
            "write the ASCII letter that looks like it",
        ),
        (
            "p, policy:A, s0, deny, name/sms:*,\u200b*",
            35,
            "the letter U+200B does not show",
            "remove it",
        ),
        ("# a\rp, policy:A", 4, "the letter U+000D does not show", "remove it"),
        (
            "g, bob, policy:A",
            4,
            '"bob" can hold nothing',
            'write "everyone", "role:", "account:", "user:" or "group:" and a name',
        ),
        (
            "g, user:bob, policy:A",
            4,
            '"user:bob" can hold nothing',
            'write "user:" and a uin of up to 20 digits',
        ),
        (
            "g, role:admin, policy:A",
            4,
            '"role:admin" can hold nothing',
            "the roles are anonymous, app-key, must-reset, operator, root, signed-in",
        ),
        (
            "g, user:1, user:2",
            12,
            '"user:2" cannot be held',
            'write "policy:" or "group:" and a name',
        ),
        (
            "g, policy:A, group:b",
            4,
            '"policy:A" can hold nothing',
            'write "everyone", "role:", "account:", "user:" or "group:" and a name',
        ),
    ],
)
def test_a_line_that_casbin_would_misread_is_refused(
    line: str, column: int, problem: str, instead: str
) -> None:
    with pytest.raises(PolicyFileError) as refused:
        read_files({"a.csv": line.encode()})
    assert refused.value.mistakes == (Mistake(Place("a.csv", 1, column), problem, instead),)


def test_a_byte_order_mark_is_refused_as_it_hides_the_first_line() -> None:
    told = mistakes(b"\xef\xbb\xbf" + GOOD.encode())
    problem = "the file begins with a byte order mark, which hides its first line"
    assert told == [f'a.csv:1:1: {problem}; save it as "UTF-8" without one']


def test_another_encoding_is_refused_where_it_shows() -> None:
    content = GOOD.encode() + "# größe".encode("latin-1")
    assert mistakes(content) == ['a.csv:2:5: the file is not UTF-8; save it as "UTF-8"']


def test_all_mistakes_are_told_at_once() -> None:
    told = mistakes("P, x\ng, bob, policy:A\n" + GOOD + GOOD)
    assert [line.split(" ")[0] for line in told] == ["a.csv:1:1:", "a.csv:2:4:", "a.csv:4:1:"]
    assert told[2] == "a.csv:4:1: the line is already at a.csv:3:1; remove one of the two"


def test_the_number_of_mistakes_told_is_bounded() -> None:
    assert len(mistakes("x\n" * MAX_MISTAKES)) == MAX_MISTAKES
    assert len(mistakes("x\n" * (MAX_MISTAKES + 1))) == MAX_MISTAKES


def test_lines_and_files_have_a_largest_size() -> None:
    line = "#" + "x" * 2 * MAX_LINE_LENGTH + "\n" + "g, everyone, policy:A"
    widest = line + " " * (MAX_LINE_LENGTH - len("g, everyone, policy:A"))
    assert read_files({"a.csv": (GOOD + widest).encode()}).links == (Link("everyone", "policy:A"),)
    told = mistakes(GOOD + widest + " ")
    problem = "the line has 1025 characters, the limit is 1024"
    assert told == [f"a.csv:3:1: {problem}; split what it says over several lines"]
    filler = b"#" * (MAX_FILE_BYTES - len(GOOD) - 1) + b"\n"
    assert read_files({"a.csv": filler + GOOD.encode()}).rules
    assert mistakes(b"#" + filler + GOOD.encode()) == [
        "a.csv:1:1: the file has 4194305 bytes, the limit is 4194304; split it into several files"
    ]


def test_there_is_a_largest_number_of_files() -> None:
    files = {f"{number:03}.csv": b"" for number in range(MAX_FILES)}
    assert read_files(files).rules == ()
    with pytest.raises(PolicyFileError, match="there are 201 policy files, the limit is 200"):
        read_files({**files, "more.csv": b""})


def test_a_policy_lives_in_one_file() -> None:
    """A site file cannot widen a preset by adding to it."""
    with pytest.raises(PolicyFileError) as refused:
        read_files({"a.csv": GOOD.encode(), "b.csv": GOOD.replace("s0", "s1").encode()})
    instead = "define it in one file, or give this one another name"
    assert refused.value.mistakes == (
        Mistake(Place("b.csv", 1, 1), '"policy:A" is defined in a.csv', instead),
    )


def test_a_statement_has_one_effect() -> None:
    told = mistakes(GOOD + "p, policy:A, s0, allow, name/sms:*, *")
    assert told == [
        'a.csv:2:1: statement "s0" says deny at a.csv:1:1; give this line a statement id of its own'
    ]


def test_a_link_to_a_policy_that_nobody_wrote_is_refused() -> None:
    assert mistakes(GOOD + "g, everyone, policy:a") == [
        'a.csv:2:1: "policy:a" is defined in no file; mend the name, or write its p lines'
    ]


def test_circles_of_groups_are_refused() -> None:
    told = mistakes("g, group:a, group:b\ng, group:b, group:c\ng, group:c, group:a")
    assert len(told) == 1
    assert "go round in a circle; remove one of them" in told[0]
    assert mistakes("g, group:a, group:a") == [
        "a.csv:1:1: the links group:a <- group:a go round in a circle; remove one of them"
    ]


def test_policies_are_held_over_a_few_links_only() -> None:
    """Stock Casbin stops after ten without a word, and a deny beyond does not count."""
    chain = [f"g, group:{n}, group:{n + 1}" for n in range(MAX_DEPTH - 1)]
    chain.append(f"g, group:{MAX_DEPTH - 1}, policy:A")
    assert len(read_files({"a.csv": (GOOD + "\n".join(chain)).encode()}).links) == MAX_DEPTH
    assert mistakes(GOOD + "\n".join([*chain, "g, user:1, group:0"])) == [
        'a.csv:10:1: "user:1" is 9 links away from what it holds; use at most 8 links'
    ]


def test_a_preset_grant_of_the_old_module_works_as_the_new_one() -> None:
    """CAM-8: whoever holds it keeps exactly the rights that the mapped actions give."""
    text = (
        "p, policy:Old, all, allow, name/consolesms:*, *\n"
        "p, policy:Older, one, deny, name/consolesms:SMS_GetAPPInfo, *\n"
    )
    files = read_files({"presets/old.csv": text.encode()})
    assert files.rules == (
        Rule("policy:Old", "all", Effect.ALLOW, "name/sms:*", "*"),
        Rule("policy:Older", "one", Effect.DENY, "name/sms:DescribeAppInfo", "*"),
    )


@pytest.mark.parametrize(
    ("name", "action"),
    [("site/old.csv", "name/consolesms:*"), ("presets/old.csv", "name/consolesms:SMS_QueryBill")],
)
def test_the_old_module_is_refused_elsewhere_and_where_it_is_disused(
    name: str, action: str
) -> None:
    line = f"p, policy:Old, all, allow, {action}, *\n"
    with pytest.raises(PolicyFileError, match='unknown service "consolesms"'):
        read_files({name: line.encode()})
