"""The policy author's commands (CAM-3 to CAM-8 in files)."""

import shutil
from pathlib import Path

import pytest

from tests.policies.guide import FIRST, OWNER, SECOND, SYNTAX, allow, document
from tests.server.policy_command import FREEZE, call, packaged_copy, told, write


class TestCheck:
    """Mistakes and findings."""

    def test_the_packaged_policies_are_clean(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        result = call("check", "--policies", folder)
        assert (result.exit_code, result.stdout) == (0, "0 errors, 0 warnings, 0 suggestions\n")

    def test_findings_of_a_document_have_ids_and_do_not_fail(self, tmp_path: Path) -> None:
        guide = write(tmp_path / "guide.json", SYNTAX)
        result = call("check", guide)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert lines[0] == (
            f"{guide}: statement[0].action[0]: warning CAM009 normalised: "
            '"name/SMS:*" is read as "name/sms:*"; write it so'
        )
        assert lines[-1] == "0 errors, 3 warnings, 1 suggestion"

    def test_errors_fail(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(folder / "site" / "bad.csv", "p, policy:X, s, Deny, name/sms:SendSms, *\n")
        result = call("check", "--policies", folder)
        assert result.exit_code == 1
        assert result.stdout.startswith('site/bad.csv:1:17: error mistake: "Deny" is no effect; ')
        unknown = write(tmp_path / "x.json", document(allow("sms:DeletAppInfo")))
        assert told("check", unknown) == {
            "findings": [
                {
                    "id": "",
                    "name": "InvalidParameter.ActionNotExist",
                    "severity": "error",
                    "path": f"{unknown}: statement[0].action",
                    "message": 'unknown action "sms:DeletAppInfo", did you mean DeleteAppInfo?',
                    "suggestion": "",
                }
            ],
            "errors": 1,
        }

    def test_one_file_is_looked_at_without_what_it_links_to(self, tmp_path: Path) -> None:
        path = write(tmp_path / "site.csv", "g, user:1, policy:Elsewhere\n" + FREEZE)
        assert call("check", path).stdout == "0 errors, 0 warnings, 0 suggestions\n"
        path.write_text("g, user:x, policy:Elsewhere\n")
        assert call("check", path).exit_code == 1

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        result = call("check", tmp_path / "no.json")
        assert (result.exit_code, result.stderr) == (
            2,
            f"{tmp_path / 'no.json'}: No such file or directory\n",
        )
        assert call("check", "--policies", tmp_path).exit_code == 2


class TestCases:
    """`policy test`."""

    def test_the_packaged_cases_pass_with_full_coverage(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        result = call("test", "--policies", folder, "--threshold", 100)
        assert result.exit_code == 0
        assert result.stdout.splitlines()[-1] == "36 of 36 statements covered (100.0 %)"

    def test_a_broken_policy_fails_its_case(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        preset = folder / "presets" / "QcloudSMSReadOnlyAccess.csv"
        preset.write_text(preset.read_text().replace("name/sms:Describe*", "name/sms:*"))
        result = call("test", "--policies", folder)
        assert result.exit_code == 1
        assert "FAIL  read_only_is_read_only.toml: " in result.stdout
        assert (
            "      case[4]: reader sms:SendSms on *: expected deny by nothing,"
            " decided allow by QcloudSMSReadOnlyAccess console"
        ) in result.stdout.splitlines()

    def test_coverage_below_the_threshold_fails(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(folder / "site" / "freeze.csv", FREEZE)
        result = call("test", "--policies", folder, "--threshold", 98)
        assert result.exit_code == 1
        assert "not decided by any case: Freeze applications" in result.stdout
        assert call("test", "--policies", folder, "--threshold", 97).exit_code == 0

    def test_json_tells_failures_and_coverage(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        case = folder / "cases" / "deny_beats_allow.toml"
        case.write_text(case.read_text().replace('expect = "deny"', 'expect = "allow"', 1))
        answer = told("test", case, "--policies", folder)
        assert isinstance(answer, dict)
        assert answer["files"][0]["failures"][0] == {
            "case": 0,
            "caller": "both",
            "action": "sms:DeleteAppInfo",
            "resource": "*",
            "expected": {"allowed": True, "by": "DenyFirst statement[0]"},
            "decided": {"allowed": False, "by": "DenyFirst statement[0]"},
        }
        assert answer["coverage"]["covered"] == 4

    def test_a_case_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        path = write(folder / "cases" / "x.toml", "description = 1\n")
        result = call("test", path)
        assert result.exit_code == 2
        assert "x.toml: description: input should be a valid string" in result.stderr
        shutil.rmtree(folder / "cases")
        assert call("test", "--policies", folder).exit_code == 2


class TestExplain:
    """One decision in full."""

    def test_a_denied_request_names_the_statements(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        guide = write(tmp_path / "guide.json", SYNTAX)
        arguments = ["explain", "name/sms:DeleteAppInfo", FIRST, "--document", guide]
        result = call(*arguments, "--policies", folder)
        assert result.exit_code == 1
        assert result.stdout == (
            'denied by statement "statement[1]" of "guide.json"\n'
            "  deny by statement statement[1] of guide.json, held by caller > guide.json\n"
            "  allow by statement statement[0] of guide.json, held by caller > guide.json\n"
        )

    def test_site_policies_and_names_count(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(folder / "site" / "freeze.csv", FREEZE)
        root = ["--as", "role:root", "--policies", folder]
        allowed = call("explain", "sms:ModifyAppInfo", SECOND, *root)
        frozen = call("explain", "sms:ModifyAppInfo", SECOND, *root, "--uin", OWNER)
        assert (allowed.exit_code, frozen.exit_code) == (0, 1)
        assert frozen.stdout.startswith('denied by statement "applications" of "policy:Freeze"\n')

    def test_a_default_deny_names_what_nearly_allowed(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        guide = write(tmp_path / "guide.json", SYNTAX)
        other = f"qcs::sms::uin/{OWNER}:app/1400000003"
        answer = told(
            "explain", "sms:ModifyAppInfo", other, "--document", guide, "--policies", folder
        )
        assert isinstance(answer, dict)
        assert (answer["allowed"], answer["matched"]) == (False, [])
        assert answer["nearest"][0]["differs"] == "resource"
        assert answer["nearest"][0]["wanted"] == FIRST

    def test_conditions_are_told_with_context(self, tmp_path: Path) -> None:
        office = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}
        path = write(tmp_path / "office.json", document(allow("sms:SendSms", condition=office)))
        asked = ["explain", "name/sms:SendSms", "--document", path, "--context"]
        assert call(*asked, "qcs:ip=10.1.2.3").exit_code == 0
        assert call(*asked, "qcs:ip=11.1.2.3").exit_code == 1
        assert call(*asked, "mfa=1").exit_code == 2

    @pytest.mark.parametrize("request_", [["sms:DeletAppInfo"], ["sms:SendSms", "app/1"], []])
    def test_a_typing_error_is_no_deny(self, request_: list[str]) -> None:
        assert call("explain", *request_).exit_code == 2


class TestWhoCan:
    """Everybody whom the files name."""

    def test_roles_and_users_of_site_files(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        grant = "p, policy:Send, s, allow, name/sms:SendSms, *\ng, user:100001, policy:Send\n"
        write(folder / "site" / "send.csv", grant)
        result = call("who-can", "name/sms:SendSms", "--policies", folder)
        assert (result.exit_code, result.stdout.splitlines()) == (
            0,
            [
                'role:root: allowed by statement "sms" of "policy:RootAccount"',
                'role:app-key: allowed by statement "send" of "policy:AppKey"',
                'user:100001: allowed by statement "s" of "policy:Send"',
            ],
        )
        answer = told("who-can", "name/sms:SendSms", "--policies", folder)
        assert isinstance(answer, list)
        assert [each["who"] for each in answer] == ["role:root", "role:app-key", "user:100001"]
        assert answer[2]["matched"][0]["path"] == ["user:100001", "policy:Send"]

    def test_nobody(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(
            folder / "site" / "no.csv",
            "p, policy:No, s, deny, name/sms:SendSms, *\ng, everyone, policy:No\n",
        )
        assert call("who-can", "name/sms:SendSms", "--policies", folder).exit_code == 1

    def test_a_caller_is_one_of_the_account_that_the_resource_names(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(folder / "site" / "freeze.csv", FREEZE)
        asked = ["who-can", "sms:ModifyAppInfo", "--policies", folder]
        assert call(*asked, SECOND).exit_code == 1
        other = call(*asked, "qcs::sms::uin/87654321:app/1400000002").stdout
        assert other.startswith("role:root of account 87654321: allowed by ")
