"""Pushes are signed so that the Standard Webhooks library of any language verifies them (CFG-2)."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from domain.callback_signature import headers, new_id, new_secret

OLD, NEW = new_secret(), new_secret()


def now() -> datetime:
    return datetime.now(UTC)  # the library compares with the machine's clock


def test_a_secret_is_256_bits_in_the_form_the_specification_asks_for() -> None:
    assert NEW.startswith("whsec_")
    assert len(base64.b64decode(NEW.removeprefix("whsec_"))) == 32
    assert new_secret() != NEW


def test_the_library_verifies_an_array_and_an_object() -> None:
    for body, read in ((b'[{"sid":"1"}]', [{"sid": "1"}]), (b'{"text":"T"}', {"text": "T"})):
        sent = headers(new_id(), body, now(), [NEW])
        assert Webhook(NEW).verify(body, sent) == read


def test_either_secret_verifies_while_both_sign() -> None:
    sent = headers(new_id(), b"[]", now(), [NEW, OLD])
    assert Webhook(NEW).verify(b"[]", sent) == []
    assert Webhook(OLD).verify(b"[]", sent) == []


def test_an_altered_body_another_secret_and_an_old_push_are_found_out() -> None:
    sent = headers(new_id(), b"[]", now(), [NEW])
    for secret, body in ((NEW, b"[1]"), (OLD, b"[]")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, sent)
    stale = headers(new_id(), b"[]", now() - timedelta(minutes=6), [NEW])
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(NEW).verify(b"[]", stale)


@given(text=st.text(max_size=100))
def test_any_text_is_signed_as_its_utf_8(text: str) -> None:
    body = text.encode("utf-8", "replace")
    sent = headers(new_id(), body, now(), [NEW])
    Webhook(NEW).verify(body, sent, json_parse=False)
