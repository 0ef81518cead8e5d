"""Mail providers in EMAIL_URL: what is read, what stops the start, and a mail that is sent over the API of each."""

from urllib.parse import unquote_plus

import pytest
from anymail.exceptions import AnymailAPIError
from django.core.mail import EmailMultiAlternatives, get_connection
from hypothesis import given
from hypothesis import strategies as st

from newsreader.mailing.providers import FORMS, provider

SECRET = "tide-and-time-wait-for-none"


@pytest.mark.parametrize(
    ("address", "settings"),
    [
        (
            "mailgun://key-1:a@mg.news.example",
            None,
        ),
        (
            "mailgun://key-1@mg.news.example?region=eu",
            {
                "MAILGUN_API_KEY": "key-1",
                "MAILGUN_SENDER_DOMAIN": "mg.news.example",
                "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
            },
        ),
        ("postmark://Ab-12-CD?stream=news", {"POSTMARK_SERVER_TOKEN": "Ab-12-CD", "POSTMARK_MESSAGE_STREAM": "news"}),
        ("postmark://Ab-12-CD@", {"POSTMARK_SERVER_TOKEN": "Ab-12-CD"}),
        ("brevo://xkeysib-A%2Fb", {"BREVO_API_KEY": "xkeysib-A/b"}),
        ("mailjet://AbC:dEf", {"MAILJET_API_KEY": "AbC", "MAILJET_SECRET_KEY": "dEf"}),
        ("resend://re_Ab", {"RESEND_API_KEY": "re_Ab"}),
        ("sendgrid://SG.Ab.cd_E-f", {"SENDGRID_API_KEY": "SG.Ab.cd_E-f"}),
        (
            "sparkpost://Ab?region=eu",
            {"SPARKPOST_API_KEY": "Ab", "SPARKPOST_API_URL": "https://api.eu.sparkpost.com/api/v1"},
        ),
        ("mailersend://mlsn.Ab", {"MAILERSEND_API_TOKEN": "mlsn.Ab"}),
        (
            "ses://AKIA:s%2Fb@eu-central-1",
            {
                "AMAZON_SES_CLIENT_PARAMS": {
                    "aws_access_key_id": "AKIA",
                    "aws_secret_access_key": "s/b",
                    "region_name": "eu-central-1",
                }
            },
        ),
    ],
)
def test_an_address_names_a_provider(address, settings):
    if settings is None:
        with pytest.raises(ValueError):
            provider(address)
        return
    found = provider(address)

    assert found.settings == settings | {"REQUESTS_TIMEOUT": 10}
    assert found.backend.startswith("anymail.backends.")
    assert found.events == ""


@pytest.mark.parametrize(
    "address",
    [
        "mailgun://key-1",
        "mailgun://@mg.news.example",
        "mailgun://key@mg.news.example?region=mars",
        "postmark://",
        "postmark://token@host.example",
        "postmark://a:b",
        "mailjet://key",
        "mailjet://key:",
        "ses://key:secret",
        "ses://key@eu-central-1",
        "ses://key:secret@eu-central-1?api=https://x.example",
        "brevo://key/path",
        "brevo://key#part",
        "brevo://key?colour=red",
        "brevo://key?events=short",
        "brevo://key?events",
        "brevo://key?api=http://elsewhere.example/",
        "brevo://key?api=ftp://127.0.0.1/",
        "mailersend://key?events=tide-and-time-wait-for-none",  # Its events are signed with a key that is missing.
    ],
)
def test_what_is_not_complete_or_unknown_is_refused(address):
    with pytest.raises(ValueError):
        provider(address)


@pytest.mark.parametrize("address", ["smtp://user:password@host:25", "consolemail://", "pigeon://post", ""])
def test_other_addresses_name_none(address):
    assert provider(address) is None


@given(st.sampled_from(sorted(FORMS)), st.text())
def test_whatever_is_typed_is_read_or_refused(name, rest):
    try:
        found = provider(f"{name}://{rest}")
    except ValueError:
        return
    assert found.name == name


@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_secret_has_it_told_of_events(name):
    found = provider(f"{MINIMAL[name]}{'&' if '?' in MINIMAL[name] else '?'}events={SECRET}")

    assert found.settings["WEBHOOK_SECRET"] == f"newsreader:{SECRET}"
    assert found.events.endswith("TrackingWebhookView")


MINIMAL = {
    "mailgun": "mailgun://key@mg.news.example",
    "postmark": "postmark://token",
    "brevo": "brevo://key",
    "mailjet": "mailjet://key:secret",
    "resend": "resend://key",
    "sendgrid": "sendgrid://key",
    "sparkpost": "sparkpost://key",
    "mailersend": "mailersend://token?signing_key=tide",
    "ses": "ses://key:secret@eu-central-1",
}
# What each answers to a mail that it takes.
TAKEN = {
    "mailgun": (200, {"id": "<1@mg>", "message": "Queued. Thank you."}),
    "postmark": (200, [{"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": "ann@example.org"}]),
    "brevo": (201, {"messageId": "<1@smtp-relay>"}),
    "mailjet": (200, {"Messages": [{"Status": "success", "To": [{"Email": "ann@example.org", "MessageID": 1}]}]}),
    "resend": (200, {"id": "1"}),
    "sendgrid": (202, None),
    "sparkpost": (200, {"results": {"id": "1", "total_accepted_recipients": 1, "total_rejected_recipients": 0}}),
    "mailersend": (202, {}),
}


@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning")
@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_mail_goes_out_over_the_api(api, settings, name):
    api.answer = TAKEN[name]
    joined = "&" if "?" in MINIMAL[name] else "?"
    chosen = provider(f"{MINIMAL[name]}{joined}api=http://127.0.0.1:{api.server_port}/")
    settings.ANYMAIL = chosen.settings
    message = EmailMultiAlternatives("Tide tables", "High water at six.", "newsroom@testserver", ["ann@example.org"])
    message.attach_alternative("<p>High water at six.</p>", "text/html")
    message.extra_headers = {
        "Message-ID": "<1@testserver>",
        "List-Unsubscribe": "<http://testserver/mail/x/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }

    with get_connection(chosen.backend) as connection:
        connection.send_messages([message])

    ((_path, _headers, body),) = api.taken
    sent = unquote_plus(body.decode())  # Mailgun's is a form.
    for part in ("ann@example.org", "High water at six.", "List-Unsubscribe"):
        assert part in sent


def test_what_a_provider_refuses_is_an_error(api, settings):
    api.answer = (401, {"ErrorCode": 10, "Message": "The Server Token you provided is not valid."})
    chosen = provider(f"postmark://token?api=http://127.0.0.1:{api.server_port}/")
    settings.ANYMAIL = chosen.settings
    message = EmailMultiAlternatives("Tide tables", "High water at six.", "newsroom@testserver", ["ann@example.org"])

    with get_connection(chosen.backend) as connection, pytest.raises(AnymailAPIError):
        connection.send_messages([message])
