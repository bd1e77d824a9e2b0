"""The packaged policy cases, and the runner that authors use for their own (CAM-2 to CAM-7)."""

from pathlib import Path

import pytest

from policies.case_file import MAX_BYTES, CaseFileError, read_case_file
from policies.cases import MAX_REQUESTS, Report, coverage, run
from policies.live import PACKAGED, PolicyDirectory
from policies.reader import PolicyFiles, read_files

CASES = sorted((PACKAGED / "cases").glob("*.toml"))
HEAD = 'description = "d"\n[callers]\nana = ["QcloudSMSFullAccess"]\n[[case]]\n'
SEND = 'caller = "ana"\naction = "SendSms"\nexpect = "allow"\n'


@pytest.fixture(scope="module")
def files() -> PolicyFiles:
    """The policies that come with the program."""
    return PolicyDirectory().in_force.files


def run_text(text: str, files: PolicyFiles) -> Report:
    return run(read_case_file("x.toml", text.encode()), files)


def refused(text: str, files: PolicyFiles) -> str:
    with pytest.raises(CaseFileError) as error:
        run_text(text, files)
    return "; ".join(error.value.problems)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_packaged_cases_hold(path: Path, files: PolicyFiles) -> None:
    report = run(read_case_file(path.name, path.read_bytes()), files)
    assert report.outcomes
    assert [str(failure) for failure in report.failures] == []


def test_together_they_cover_every_statement(files: PolicyFiles) -> None:
    reports = [run(read_case_file(path.name, path.read_bytes()), files) for path in CASES]
    covered = coverage(files, reports)
    assert covered.missing == ()
    assert covered.percent == 100.0


def test_a_case_that_fails_says_what_was_expected_and_decided(files: PolicyFiles) -> None:
    report = run_text(HEAD + SEND.replace("allow", "deny"), files)
    assert [str(failure) for failure in report.failures] == [
        "case[0]: ana sms:SendSms on *: expected deny, decided allow by QcloudSMSFullAccess all"
    ]


def test_the_right_answer_for_another_reason_fails_too(files: PolicyFiles) -> None:
    assert run_text(HEAD + SEND + 'by = "QcloudSMSFullAccess all"\n', files).failures == ()
    report = run_text(HEAD + SEND + 'by = "QcloudSMSFullAccess some"\n', files)
    (failure,) = report.failures
    assert str(failure) == (
        "case[0]: ana sms:SendSms on *: expected allow by QcloudSMSFullAccess some,"
        " decided allow by QcloudSMSFullAccess all"
    )


def test_stars_are_narrowed_by_access_and_level(files: PolicyFiles) -> None:
    report = run_text(
        HEAD + 'caller = "ana"\naction = "sms:*"\naccess = "list"\nlevel = "resource"\n'
        'expect = "allow"\n',
        files,
    )
    assert [outcome.action for outcome in report.outcomes] == [
        "sms:DescribeAppList",
        "sms:DescribeFrequencyWhiteList",
        "sms:DescribeNewsReceiver",
    ]


def test_a_default_deny_covers_nothing(files: PolicyFiles) -> None:
    report = run_text(HEAD + SEND.replace("SendSms", "cam:AddUser").replace("allow", "deny"), files)
    assert report.failures == ()
    assert report.decided == frozenset()
    covered = coverage(files, [report])
    assert (covered.covered, covered.percent) == (0, 0.0)
    assert ("QcloudSMSFullAccess", "all") in covered.missing


def test_statements_of_a_case_file_count_by_file(files: PolicyFiles) -> None:
    text = (
        'description = "d"\n[site]\ns = "p, policy:S, a, deny, name/sms:SendSms, *"\n'
        "[callers]\nana = []\n[[case]]\n" + SEND.replace("allow", "deny")
    )
    report = run_text(text, files)
    assert ("x.toml S", "a") in coverage(files, [report]).missing


def test_site_files_count_unless_they_are_left_out() -> None:
    sources = {
        path.relative_to(PACKAGED).as_posix(): path.read_bytes()
        for path in PACKAGED.glob("presets/*.csv")
    }
    freeze = "p, policy:F, s, deny, name/sms:SendSms, *\ng, account:12345678, policy:F\n"
    files = read_files({**sources, "site/freeze.csv": freeze.encode()})
    (failure,) = run_text(HEAD + SEND, files).failures
    assert failure.decided_by == "F s"
    assert run_text("site_files = false\n" + HEAD + SEND, files).failures == ()


def test_a_policy_of_a_case_file_may_be_named_like_one_in_force(files: PolicyFiles) -> None:
    line = "p, policy:QcloudSMSFullAccess, x, deny, name/sms:SendSms, *"
    text = HEAD.replace("[callers]", f'[site]\ns = "{line}"\n[callers]') + SEND
    report = run_text(text.replace("allow", "deny").replace("deny, name", "allow, name"), files)
    assert [outcome.decided_by for outcome in report.outcomes] == ["QcloudSMSFullAccess x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "x.toml: "),
        ('description = "d"\n', "x.toml: callers: field required; x.toml: case: field required"),
        (HEAD + SEND + "note = 1\n", "x.toml: case[0].note: extra inputs are not permitted"),
        (HEAD + SEND.replace("allow", "Allow"), "x.toml: case[0].expect: input should be 'allow'"),
        (HEAD + SEND.replace('"ana"', '"bea"'), 'x.toml: case[0].caller: no caller is named "bea"'),
        (HEAD + SEND.replace("SendSms", "SendSmss"), "x.toml: case[0].action: unknown action"),
        (HEAD + SEND + 'access = "list"\n', "x.toml: case[0].action: stands for no known action"),
        (HEAD + SEND + 'resource = "app/x"\n', "x.toml: case[0].resource: resource "),
        (HEAD + SEND + 'resource = "app/*"\n', "x.toml: case[0].resource: resource "),
        (HEAD + SEND + 'context = {mfa = "1"}\n', 'x.toml: case[0].context: unknown key "mfa"'),
        (
            HEAD.replace("QcloudSMS", "Qcloud") + SEND,
            'x.toml: callers.ana: nothing is named "QcloudFullAccess"',
        ),
        (
            HEAD.replace("[callers]", '[roles]\nbea = "root"\n[callers]') + SEND,
            'x.toml: roles: no caller is named "bea"',
        ),
        (
            HEAD.replace("[callers]", '[documents]\nD = "{}"\n[callers]') + SEND,
            "x.toml: documents.D: version: version is missing",
        ),
        (
            HEAD.replace("[callers]", '[site]\ns = "p, policy:S"\n[callers]') + SEND,
            "x.toml site.s:1:1: ",
        ),
    ],
)
def test_what_cannot_be_run_is_named(text: str, message: str, files: PolicyFiles) -> None:
    assert refused(text, files).startswith(message)


def test_a_file_in_another_encoding_is_named() -> None:
    with pytest.raises(CaseFileError, match=r"x\.toml: 'utf-8' codec can't decode"):
        read_case_file("x.toml", b"\xff")


def test_the_size_of_a_file_and_of_its_table_are_bounded(files: PolicyFiles) -> None:
    padding = "#" * (MAX_BYTES - len(HEAD + SEND))
    assert run_text(HEAD + SEND + padding, files).failures == ()
    assert "at most 262144" in refused(HEAD + SEND + padding + "#", files)
    resources = ", ".join(f'"app/{number}"' for number in range(MAX_REQUESTS // 2))
    row = f'caller = "ana"\naction = ["SendSms", "DeleteAppInfo"]\nresource = [{resources}]\n'
    full = HEAD + row + 'expect = "allow"\n'
    assert len(run_text(full, files).outcomes) == MAX_REQUESTS
    assert f"more than {MAX_REQUESTS} requests" in refused(full + "[[case]]\n" + SEND, files)
