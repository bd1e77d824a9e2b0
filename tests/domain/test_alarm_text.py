"""What contacts read, in both languages, on both channels (ALM-2)."""

import re
from itertools import product

import pytest

from db.platform import SIGNATURES
from domain import template
from domain.alarm import FOLDED, Alarm, AlarmEvent, Language
from domain.alarm_text import SUBJECT_MOST, Application, compose, sms_template
from domain.package_watch import RenewalProblem
from domain.region import Region
from domain.segment import measure

SHOP = Application(1_400_000_000, "Shop")
FACTS = {
    AlarmEvent.FREQUENCY_LIMIT: {},
    AlarmEvent.EXCESS_MESSAGES: {"region": "mainland", "threshold": "5000", "day": "2026-03-02"},
    AlarmEvent.REVIEW_RESULT: {
        "kind": "signature",
        "name": "Example",
        "verdict": "rejected",
        "reason": "unreadable",
    },
    AlarmEvent.PACKAGE: {"remaining": "99", "threshold": "100"},
}
LONGEST = {
    "region": "mainland",
    "threshold": "1000000000",
    "day": "2026-03-02",
    "kind": "unsubscription",
    "name": "x" * 100,
    "verdict": "rejected",
    "reason": "多" * 500,
    "remaining": "1000000000000",
}
REVIEW = AlarmEvent.REVIEW_RESULT
EVERY = list(product(AlarmEvent, Language))
SAID = {
    (AlarmEvent.FREQUENCY_LIMIT, Language.ENGLISH): (
        "Messages of application Shop refused by frequency limits since the last notice: 3.",
        "Frequency limits refuse messages of Shop",
    ),
    (AlarmEvent.FREQUENCY_LIMIT, Language.CHINESE): (
        "应用Shop有短信因频率限制未发送，自上次通知以来共3条，详情请查看控制台。",
        "应用Shop的短信触发频率限制",
    ),
    (AlarmEvent.EXCESS_MESSAGES, Language.ENGLISH): (
        "Mainland China messages of application Shop on 2026-03-02 reached the threshold of 5000.",
        "Mainland China messages of Shop reached 5000 on 2026-03-02",
    ),
    (AlarmEvent.EXCESS_MESSAGES, Language.CHINESE): (
        "应用Shop在2026-03-02的国内短信发送量已达到超量提醒阈值5000条。",
        "应用Shop在2026-03-02的国内短信发送量已达到5000条",
    ),
    (AlarmEvent.REVIEW_RESULT, Language.ENGLISH): (
        'Review of your signature "Example": rejected, unreadable.',
        "Your signature was reviewed: rejected",
    ),
    (AlarmEvent.REVIEW_RESULT, Language.CHINESE): (
        "您的短信签名“Example”审核结果：未通过，原因：unreadable。",
        "您的短信签名审核结果：未通过",
    ),
    (AlarmEvent.PACKAGE, Language.ENGLISH): (
        "Package balance: 99, threshold: 100. Buy a package in time.",
        "The package balance is down to 99",
    ),
    (AlarmEvent.PACKAGE, Language.CHINESE): (
        "套餐包余量99条，阈值100条，请及时购买。",
        "套餐包余量还有99条",
    ),
}


def alarm(event: AlarmEvent, **facts: str) -> Alarm:
    return Alarm(account_uin=1, event=event, subject="s", facts={**FACTS[event], **facts}, times=3)


def about(event: AlarmEvent, application: Application = SHOP) -> Application | None:
    account_wide = {AlarmEvent.PACKAGE, AlarmEvent.REVIEW_RESULT}
    return None if event in account_wide else application


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_each_text_reads_as_it_was_written(event: AlarmEvent, language: Language) -> None:
    notice = compose(alarm(event), language, about(event), SHOP)
    assert (notice.sms, notice.subject) == SAID[event, language]
    assert "{" not in notice.body
    assert "Shop (SDK AppID 1400000000)" in notice.body
    assert ("3" in notice.body) or event not in FOLDED


@pytest.mark.parametrize(("event", "language"), EVERY)
def test_the_template_filled_is_the_text(event: AlarmEvent, language: Language) -> None:
    content = sms_template(event, language)
    assert len(content) <= template.CONTENT_MOST
    compiled = template.compile(content)
    notice = compose(alarm(event), language, about(event), SHOP)
    assert compiled.check(notice.params) is None
    assert compiled.render(notice.params) == notice.sms


@pytest.mark.parametrize(("event", "language"), EVERY)
@pytest.mark.parametrize("letter", ["A", "店", "😀"])
@pytest.mark.parametrize("region", Region)
def test_the_longest_text_message_has_two_segments(
    event: AlarmEvent, language: Language, letter: str, region: Region
) -> None:
    shop = Application(1_400_000_000, letter * 100)
    facts = {name: letter * 100 if name == "name" else value for name, value in LONGEST.items()}
    longest = Alarm(account_uin=1, event=event, subject="s", facts=facts, times=10**9)
    notice = compose(longest, language, about(event, shop), shop)
    text = template.full_text(SIGNATURES[region], notice.sms, region)
    assert measure(text, region).segments <= 2
    assert len(notice.subject) <= SUBJECT_MOST


def test_an_approval_has_no_reason() -> None:
    approved = alarm(AlarmEvent.REVIEW_RESULT, verdict="approved", reason="")
    notice = compose(approved, Language.ENGLISH, None, SHOP)
    assert notice.sms == 'Review of your signature "Example": approved.'
    ended = compose(alarm(REVIEW, reason="Unreadable. "), Language.ENGLISH, None, SHOP)
    assert ended.sms == 'Review of your signature "Example": rejected, Unreadable.'
    assert "Result: approved.\n\n-- \n" in notice.body
    assert "Reason" not in notice.body
    assert "原因" not in compose(approved, Language.CHINESE, None, SHOP).body
    assert (
        "Result: rejected.\nReason: unreadable\n"
        in compose(alarm(REVIEW), Language.ENGLISH, None, SHOP).body
    )


@pytest.mark.parametrize("problem", RenewalProblem)
def test_a_renewal_that_was_not_made_has_a_text_of_its_own(problem: RenewalProblem) -> None:
    told = alarm(AlarmEvent.PACKAGE, renewal_problem=problem, remaining="1000000000000")
    for language in Language:
        notice = compose(told, language, None, SHOP)
        compiled = template.compile(sms_template(AlarmEvent.PACKAGE, language))
        assert compiled.check(notice.params) is None
        assert compiled.render(notice.params) == notice.sms
        text = template.full_text(SIGNATURES[Region.MAINLAND], notice.sms, Region.MAINLAND)
        assert measure(text, Region.MAINLAND).segments <= 2
        plain = compose(alarm(AlarmEvent.PACKAGE), language, None, SHOP)
        assert plain.subject != notice.subject
        assert plain.params[:2] == ("99", "100")
        assert plain.params[2] != notice.params[2]


def test_a_renewal_of_what_is_not_on_sale_any_more() -> None:
    told = alarm(AlarmEvent.PACKAGE, renewal_problem=RenewalProblem.NOT_ON_SALE)
    notice = compose(told, Language.ENGLISH, None, SHOP)
    assert notice.sms == (
        "Package balance: 99, threshold: 100. Automatic renewal failed: the package is no longer "
        "on sale."
    )
    assert notice.subject == "The automatic renewal of your package was not made"
    assert "Reason: the package is no longer on sale.\nRenewal threshold: 100.\n" in notice.body
    chinese = compose(told, Language.CHINESE, None, SHOP)
    assert chinese.sms == "套餐包余量99条，阈值100条，自动续购未成功：该套餐包已停售。"


def test_a_mail_says_the_whole_reason_and_a_text_message_its_beginning() -> None:
    reason = f"{'The certificate is unreadable. ' * 10}\nSend another one."
    notice = compose(alarm(AlarmEvent.REVIEW_RESULT, reason=reason), Language.ENGLISH, None, SHOP)
    assert reason in notice.body
    assert notice.sms.endswith('": rejected, The certificate is unreadable. The ce....')


def test_facts_are_shown_and_never_read() -> None:
    named = alarm(AlarmEvent.REVIEW_RESULT, name="{reason}【x】\r\nBcc: a@b.co", reason="{name}")
    notice = compose(named, Language.ENGLISH, None, Application(1, "{home}"))
    assert notice.sms == 'Review of your signature "{reason}x Bcc: a@b.co": rejected, {name}.'
    assert "\n" not in notice.subject
    assert "{home} (SDK AppID 1)" in notice.body


def test_every_word_is_told_in_both_languages() -> None:
    for kind in ("signature", "template", "identity", "restore", "unsubscription"):
        for verdict in ("approved", "rejected"):
            told = alarm(AlarmEvent.REVIEW_RESULT, kind=kind, verdict=verdict, name="1", reason="")
            chinese = compose(told, Language.CHINESE, None, SHOP)
            assert not re.search("[a-z]", chinese.sms), chinese.sms
            assert verdict in compose(told, Language.ENGLISH, None, SHOP).sms
