"""What mail providers tell of mails, in their own words, over HTTP through anymail's views: who is suppressed, and why."""

import base64
import hashlib
import hmac
import json

import pytest
from django.test import Client

from newsreader.mailing import suppression
from newsreader.mailing.models import Suppression
from newsreader.mailing.providers import provider
from tests.mailing.test_providers import MINIMAL, SECRET

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]
ANN = "ann@example.org"


@pytest.fixture
def use(settings):
    def chosen(name, secret=SECRET):
        joined = "&" if "?" in MINIMAL[name] else "?"
        found = provider(MINIMAL[name] + (f"{joined}events={secret}" if secret else ""))
        settings.MAIL_PROVIDER, settings.ANYMAIL = found, found.settings
        return found

    return chosen


def tell(name, told, *, secret=SECRET, **headers):
    """Post as the provider does: without cookies, with the secret as the password."""
    body = json.dumps(told)
    if secret:
        headers["Authorization"] = "Basic " + base64.b64encode(f"newsreader:{secret}".encode()).decode()
    if name == "mailersend":
        headers["Signature"] = hmac.new(b"tide", body.encode(), hashlib.sha256).hexdigest()
    if name == "ses":
        headers |= {"x-amz-sns-message-type": told["Type"], "x-amz-sns-message-id": told["MessageId"]}
    browser = Client(enforce_csrf_checks=True)
    return browser.post(f"/mail-events/{name}/", body, content_type="application/json", headers=headers)


def mailgun(event, **more):
    stamp, token = "1521472262", "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    signature = hmac.new(b"key", f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    data = {
        "event": event,
        "timestamp": 1521472262.908181,
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "recipient": ANN,
        "tags": [],
        "user-variables": {},
        "message": {"headers": {"message-id": "20130503192659.13651.20287@mg.news.example", "to": ANN}},
        "delivery-status": {"code": 550, "message": "5.1.1 no such user", "description": ""},
    }
    return {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data | more}


def postmark(record, **more):
    return {
        "RecordType": record,
        "MessageStream": "outbound",
        "ID": 4323372036854775807,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Email": ANN,
        "From": "newsroom@news.example",
        "BouncedAt": "2026-11-29T16:33:54.9070259Z",
        "Inactive": True,
    } | more


def brevo(event):
    return {
        "event": event,
        "email": ANN,
        "id": 26224,
        "date": "2026-11-29 12:00:00",
        "ts_epoch": 1604933654000,
        "message-id": "<201798300811.5787683@relay.domain.com>",
        "reason": "550 5.1.1 no such user",
        "tags": [],
    }


def mailjet(event, **more):
    return [{"event": event, "time": 1430812195, "MessageID": 13792286917004336, "email": ANN} | more]


def resend(event, **more):
    data = {
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "from": "newsroom@news.example",
        "to": [ANN],
        "subject": "Tide",
        "headers": [],
    }
    return {"type": event, "created_at": "2026-11-29T23:41:12.126Z", "data": data | more}


def sendgrid(event, **more):
    return [
        {
            "email": ANN,
            "timestamp": 1513299569,
            "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
            "event": event,
            "sg_event_id": "sg_event_id",
            "sg_message_id": "sg_message_id",
        }
        | more
    ]


def sparkpost(kind, **more):
    event = {
        "type": kind,
        "raw_rcpt_to": ANN,
        "rcpt_to": ANN,
        "event_id": "92356927693813856",
        "timestamp": "1454442600",
    }
    return [{"msys": {"message_event": event | more}}]


def mailersend(kind, morph):
    return {
        "type": f"activity.{kind}",
        "created_at": "2026-11-29T12:00:00.000000Z",
        "webhook_id": "62f114f8165fe0d8db0288e5",
        "data": {
            "object": "activity",
            "id": "62f114f8165fe0d8db0288e3",
            "type": kind,
            "created_at": "2026-11-29T12:00:00.000000Z",
            "email": {"message": {"id": "m"}, "recipient": {"object": "recipient", "email": ANN}, "tags": None},
            "morph": {"object": morph, "reason": "Host or domain name not found"},
        },
    }


def ses(event, **more):
    said = {"notificationType": event, "mail": {"messageId": "00000137860315fd", "destination": [ANN]}} | more
    return {
        "Type": "Notification",
        "MessageId": "19ba9823",
        "Timestamp": "2026-11-29T12:00:00.000Z",
        "Message": json.dumps(said),
    }


def ses_bounce(kind):
    recipients = [{"emailAddress": ANN, "diagnosticCode": "smtp; 550 5.1.1", "action": "failed", "status": "5.1.1"}]
    return ses("Bounce", bounce={"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": recipients})


COMPLAINT = {"complainedRecipients": [{"emailAddress": ANN}], "complaintFeedbackType": "abuse"}
FOR_GOOD = {"message": "The recipient's email provider sent a hard bounce message.", "type": "Permanent"}
FULL = {
    "message": "The recipient's email provider sent a bounce message because the inbox was full.",
    "type": "Transient",
}
TOLD = [
    ("mailgun", mailgun("failed", severity="permanent", reason="bounce"), {"bounced"}),
    ("mailgun", mailgun("failed", severity="temporary", reason="generic"), set()),
    ("mailgun", mailgun("complained"), {"complained"}),
    ("mailgun", mailgun("unsubscribed"), {"unsubscribed"}),
    ("mailgun", mailgun("delivered"), set()),
    ("postmark", postmark("Bounce", Type="HardBounce", TypeCode=1), {"bounced"}),
    ("postmark", postmark("Bounce", Type="SoftBounce", TypeCode=4096), set()),
    ("postmark", postmark("Bounce", Type="Transient", TypeCode=2), set()),
    ("postmark", postmark("Bounce", Type="BadEmailAddress", TypeCode=100000), {"bounced"}),
    ("postmark", postmark("Bounce", Type="Blocked", TypeCode=100006), set()),
    ("postmark", postmark("SpamComplaint", Type="SpamComplaint", TypeCode=512), {"complained"}),
    (
        "postmark",
        {
            "RecordType": "SubscriptionChange",
            "MessageID": "883953f4",
            "Recipient": ANN,
            "ChangedAt": "2026-11-29T10:53:34.416071Z",
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
            "Metadata": {},
        },
        {"unsubscribed"},
    ),
    ("postmark", {"RecordType": "Delivery", "Recipient": ANN, "DeliveredAt": "2026-11-29T16:33:54Z"}, set()),
    ("brevo", brevo("hard_bounce"), {"bounced"}),
    ("brevo", brevo("soft_bounce"), set()),
    ("brevo", brevo("invalid_email"), {"bounced"}),
    ("brevo", brevo("spam"), {"complained"}),
    ("brevo", brevo("blocked"), set()),
    ("brevo", brevo("unsubscribe"), {"unsubscribed"}),
    ("mailjet", mailjet("bounce", hard_bounce=True, blocked=False, error="user unknown"), {"bounced"}),
    ("mailjet", mailjet("bounce", hard_bounce=False, blocked=False, error="quota exceeded"), set()),
    ("mailjet", mailjet("spam", source="JMRPP"), {"complained"}),
    ("mailjet", mailjet("unsub"), {"unsubscribed"}),
    ("resend", resend("email.bounced", bounce=FOR_GOOD), {"bounced"}),
    ("resend", resend("email.bounced", bounce=FULL), set()),
    ("resend", resend("email.complained"), {"complained"}),
    ("sendgrid", sendgrid("bounce", type="bounce", status="5.1.1", reason="550 5.1.1 unknown"), {"bounced"}),
    ("sendgrid", sendgrid("bounce", type="blocked", status="5.7.1", reason="550 5.7.1 blocked"), set()),
    ("sendgrid", sendgrid("dropped", reason="Bounced Address"), {"bounced"}),
    ("sendgrid", sendgrid("spamreport"), {"complained"}),
    ("sendgrid", sendgrid("delivered") + sendgrid("bounce", type="bounce"), {"bounced"}),
    ("sparkpost", sparkpost("bounce", bounce_class="10", raw_reason="550 5.1.1"), {"bounced"}),
    ("sparkpost", sparkpost("bounce", bounce_class="22", raw_reason="552 full"), set()),
    ("sparkpost", sparkpost("spam_complaint"), {"complained"}),
    ("sparkpost", [{"msys": {}}], set()),
    ("mailersend", mailersend("hard_bounced", "recipient_bounce"), {"bounced"}),
    ("mailersend", mailersend("soft_bounced", "recipient_bounce"), set()),
    ("mailersend", mailersend("spam_complaint", "spam_complaint"), {"complained"}),
    ("ses", ses_bounce("Permanent"), {"bounced"}),
    ("ses", ses_bounce("Transient"), set()),
    ("ses", ses("Complaint", complaint=COMPLAINT), {"complained"}),
]


@pytest.mark.parametrize(("name", "told", "reasons"), TOLD)
def test_what_a_provider_tells_suppresses_an_address_or_does_not(use, name, told, reasons):
    use(name)

    answer = tell(name, told)

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert suppression.reasons_of([ANN]).get(ANN, set()) == reasons


def test_what_is_told_twice_is_kept_once(use):
    use("postmark")
    for _ in range(2):
        assert tell("postmark", postmark("Bounce", Type="HardBounce")).status_code == 200

    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("name", MINIMAL)
@pytest.mark.parametrize("secret", ["", "another-secret-that-is-long"])
def test_nobody_without_the_secret_suppresses_anybody(use, name, secret):
    use(name)
    told = next(told for each, told, reasons in TOLD if each == name and reasons)

    assert tell(name, told, secret=secret).status_code in {401, 403}
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("name", ["mailgun", "mailersend"])
def test_what_is_signed_by_somebody_else_is_refused(use, settings, name):
    use(name)
    key = {"mailgun": "MAILGUN_API_KEY", "mailersend": "MAILERSEND_SIGNING_SECRET"}[name]
    settings.ANYMAIL = settings.ANYMAIL | {key: "another"}
    told = next(told for each, told, reasons in TOLD if each == name and reasons)

    assert tell(name, told).status_code == 403
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("name", MINIMAL)
def test_there_is_no_such_address_for_who_has_another_provider_or_none(use, settings, name):
    told = next(told for each, told, reasons in TOLD if each == name and reasons)
    settings.MAIL_PROVIDER = None
    assert tell(name, told).status_code == 404
    use("brevo" if name != "brevo" else "resend")
    assert tell(name, told).status_code == 404
    use(name, secret="")
    assert tell(name, told).status_code == 404


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"1",
    b'"x"',
    b"[1]",
    b'[{"msys": 1}]',
    b'{"event-data": 1}',
    b"\xff\xfe",
]
MALFORMED += [b'{"RecordType": ["x"]}', b'{"type": "email.bounced", "data": 3, "created_at": 4}', b"[" * 100_000]


@pytest.mark.parametrize("name", MINIMAL)
@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_cannot_be_read_is_refused_and_breaks_nothing(use, name, kind):
    use(name)
    headers = {"Authorization": "Basic " + base64.b64encode(f"newsreader:{SECRET}".encode()).decode()}
    for body in MALFORMED:
        answer = Client().post(f"/mail-events/{name}/", body, content_type=kind, headers=headers)
        assert answer.status_code in {200, 400, 403}, body
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("address", [None, 7, "", "no address", ["x"], "\x00@example.org"])
def test_an_event_about_no_address_suppresses_none(use, address):
    use("postmark")

    assert tell("postmark", postmark("Bounce", Type="HardBounce", Email=address)).status_code in {200, 400}
    assert Suppression.objects.count() == 0


def test_only_posts_are_taken_and_too_large_ones_are_not(use):
    use("postmark")
    assert Client().get("/mail-events/postmark/").status_code == 405
    assert Client().head("/mail-events/postmark/").status_code == 200

    answer = Client().post("/mail-events/postmark/", b"x" * 5_000_000, content_type="application/json")

    assert answer.status_code == 413


# --- Amazon asks whether its events are to come here --------------------------------------------------------------

TOPIC = "arn:aws:sns:eu-central-1:123456789012:news-events"
ASKED = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37fb687f5d51e6e2425ba1f3",
    "TopicArn": TOPIC,
    "Message": "You have chosen to subscribe to the topic. Visit the SubscribeURL to confirm.",
    "SubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
    "Timestamp": "2026-11-29T12:00:00.000Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLE",
    "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/key.pem",
}
CONFIRMED = (
    "<ConfirmSubscriptionResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><ConfirmSubscriptionResult>"
    f"<SubscriptionArn>{TOPIC}:1</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
).encode()


@pytest.fixture
def amazon(api, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{api.server_port}")
    api.answer = (200, CONFIRMED)
    return api


def test_a_subscription_to_amazons_events_is_confirmed_for_who_knows_the_secret(use, amazon):
    use("ses")

    assert tell("ses", ASKED, secret="another secret of length").status_code == 403
    assert amazon.taken == []
    assert tell("ses", ASKED).status_code == 200
    ((_path, _headers, body),) = amazon.taken
    assert b"Action=ConfirmSubscription" in body
    assert ASKED["Token"].encode() in body


def test_where_amazon_refuses_it_is_asked_again_later(use, amazon):
    use("ses")
    amazon.answer = (403, b"<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>")

    assert tell("ses", ASKED).status_code == 503


@pytest.mark.parametrize("change", [{"Type": "Notification"}, {"MessageId": "another"}])
def test_an_envelope_that_differs_from_its_headers_is_refused(use, amazon, change):
    use("ses")
    headers = {"x-amz-sns-message-type": ASKED["Type"], "x-amz-sns-message-id": ASKED["MessageId"]}
    secret = "Basic " + base64.b64encode(f"newsreader:{SECRET}".encode()).decode()

    answer = Client().post(
        "/mail-events/ses/", ASKED | change, "application/json", headers=headers | {"Authorization": secret}
    )

    assert answer.status_code == 403
    assert amazon.taken == []
