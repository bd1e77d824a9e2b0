"""The policy commands that compare and rewrite: diff, fmt, migrate, import and export."""

from pathlib import Path

from policies.live import PACKAGED, PolicyDirectory
from tests.policies.guide import FIRST, OWNER, SYNTAX, allow, document
from tests.server.policy_command import FREEZE, call, packaged_copy, told, write


class TestDiff:
    """Which decisions change."""

    def test_two_documents(self, tmp_path: Path) -> None:
        guide = write(tmp_path / "guide.json", SYNTAX)
        wider = SYNTAX.replace("1400000001", "1400000003", 1)
        result = call("diff", guide, write(tmp_path / "b.json", wider))
        third = f"qcs::sms::uin/{OWNER}:app/1400000003"
        assert result.exit_code == 1
        assert result.stdout.startswith("document:\n")
        assert f"  - now denied on {FIRST}:\n      sms:DescribeAppInfo, " in result.stdout
        assert f"  + now allowed on {third}:\n      sms:DeleteAppInfo, " in result.stdout

    def test_nothing_changes_between_a_document_and_its_lines(self, tmp_path: Path) -> None:
        guide = write(tmp_path / "guide.json", SYNTAX)
        lines = call("import", guide, "--name", "Guide").stdout
        result = call("diff", guide, write(tmp_path / "guide.csv", lines))
        assert (result.exit_code, result.stdout) == (0, "no decision changes\n")

    def test_folders_are_compared_for_policies_and_callers(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        write(folder / "site" / "freeze.csv", FREEZE)
        link = "g, group:staff, policy:QcloudSMSReadOnlyAccess\ng, group:staff, policy:Freeze\n"
        write(folder / "site" / "staff.csv", link)
        answer = told("diff", PACKAGED, folder)
        assert isinstance(answer, dict)
        # The deny itself allows nobody less who holds nothing else; these two do.
        assert list(answer) == [
            "role:root of account 12345678",
            "role:app-key",
            "group:staff of account 12345678",
        ]
        root, app_key, staff = answer.values()
        assert {each["action"] for each in app_key} == {
            "name/sms:ModifySmsSign",
            "name/sms:ModifySmsTemplate",
        }
        assert {(each["action"][:15], each["after"]) for each in root} == {
            ("name/sms:Modify", False)
        }
        assert {each["after"] for each in staff} == {True}

    def test_what_is_around_a_change_and_its_conditions_are_named(self, tmp_path: Path) -> None:
        every = f"qcs::sms::uin/{OWNER}:app/*"
        office = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}
        before = write(tmp_path / "a.json", document(allow("sms:DeleteAppInfo", FIRST)))
        after = write(
            tmp_path / "b.json",
            document(allow("sms:DeleteAppInfo", [FIRST, every], condition=office)),
        )
        condition = '{"ip_equal": {"qcs:ip": ["10.0.0.0/8"]}}'
        example = f"qcs::sms::uin/{OWNER}:app/1400000000"
        others = f"{every} except {FIRST}, such as {example}"
        assert call("diff", before, after).stdout.splitlines() == [
            "document:",
            f"  - now denied on {FIRST} (unless {condition}):",
            "      sms:DeleteAppInfo",
            f"  + now allowed on {others} (when {condition}):",
            "      sms:DeleteAppInfo",
        ]

    def test_a_document_against_several_policies(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        guide = write(tmp_path / "guide.json", SYNTAX)
        result = call("diff", guide, folder)
        assert result.exit_code == 2
        assert result.stderr.startswith("a document can only be compared with one policy")


class TestRewriting:
    """fmt, migrate, import and export."""

    def test_fmt_rewrites_and_check_only_tells(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        path = write(folder / "site" / "f.csv", "p,policy:F,s,deny,SMS:sendsms,*")
        assert call("fmt", "--check", "--policies", folder).stdout == f"would rewrite {path}\n"
        assert call("fmt", "--check", "--policies", folder).exit_code == 1
        assert told("fmt", "--policies", folder) == {"changed": [str(path)]}
        assert path.read_text() == "p, policy:F, s, deny, name/sms:SendSms, *\n"
        assert call("fmt", "--check", "--policies", folder).exit_code == 0
        assert sorted(each.name for each in path.parent.iterdir()) == ["example.csv", "f.csv"]

    def test_fmt_of_a_document(self, tmp_path: Path) -> None:
        guide = write(tmp_path / "guide.json", SYNTAX)
        guide.chmod(0o640)
        assert call("fmt", guide).exit_code == 0
        assert "DeleteAppInfo " not in guide.read_text()
        assert guide.stat().st_mode & 0o777 == 0o640

    def test_fmt_leaves_what_it_does_not_understand(self, tmp_path: Path) -> None:
        path = write(tmp_path / "f.csv", "p, policy:F, s, Deny, name/sms:SendSms, *\n")
        assert call("fmt", path).exit_code == 2
        assert "Deny" in path.read_text()
        assert call("fmt", write(tmp_path / "f.txt", "")).exit_code == 2

    def test_migrate_prints_the_document_and_says_what_it_did(self, tmp_path: Path) -> None:
        old = document(allow(["consolesms:SMS_GetAPPList", "consolesms:SMS_QueryBill"]))
        path = write(tmp_path / "old.json", old)
        result = call("migrate", path)
        assert (result.exit_code, result.stdout) == (
            0,
            document(allow(["name/sms:DescribeAppList"])),
        )
        assert result.stderr.splitlines() == [
            "statement[0].action[0]: SMS_GetAPPList is now DescribeAppList",
            "statement[0].action[1]: SMS_QueryBill is disused, deleted",
            "0 decisions change",
        ]
        assert told("migrate", path) == {
            "text": result.stdout,
            "mapped": [
                {
                    "path": "statement[0].action[0]",
                    "from": "SMS_GetAPPList",
                    "to": "DescribeAppList",
                }
            ],
            "removed": [{"path": "statement[0].action[1]", "name": "SMS_QueryBill"}],
            "changes": [],
        }

    def test_nothing_left_to_migrate(self, tmp_path: Path) -> None:
        path = write(tmp_path / "old.json", document(allow("consolesms:SMS_QueryBill")))
        assert (call("migrate", path).exit_code, call("migrate", path).stdout) == (1, "")

    def test_import_and_export_lose_nothing(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        guide = write(tmp_path / "guide.json", SYNTAX)
        lines = call("import", guide, "--name", "Guide").stdout
        write(folder / "site" / "guide.csv", lines)
        assert PolicyDirectory(folder).problem is None
        exported = call("export", "Guide", "--policies", folder)
        call("fmt", guide)
        assert (exported.exit_code, exported.stdout) == (0, guide.read_text())
        assert told("import", guide, "--name", "policy:Guide") == {"lines": lines.splitlines()}
        assert told("export", "Guide", "--policies", folder) == {
            "policy": "policy:Guide",
            "document": exported.stdout,
        }

    def test_what_cannot_be_carried_over_is_refused(self, tmp_path: Path) -> None:
        folder = packaged_copy(tmp_path)
        office = {"ip_equal": {"qcs:ip": "10.0.0.0/8"}}
        path = write(tmp_path / "o.json", document(allow("sms:SendSms", condition=office)))
        refused = call("import", path, "--name", "Office")
        assert refused.exit_code == 2
        assert "statement[0].condition: a policy file has no conditions" in refused.stderr
        assert call("import", path, "--name", "Of fice").exit_code == 2
        assert call("export", "Operator", "--policies", folder).exit_code == 2
        assert call("export", "Nobody", "--policies", folder).exit_code == 2
