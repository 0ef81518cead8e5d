"""What each kind of string is made for: leading away, being a website, being an address of email."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from comments.models import Comment
from newsreader.kit.text import tidy_line
from tests.attack.hostile import Request, Scene, client_of, form, send
from tests.attack.lists import Attack
from tests.attack.stage import Stage
from tests.attack.tally import Tally
from tests.factories import make_user


def lead_away(stage: Stage, attacks: list[Attack]) -> None:
    """`next` and its kin never lead to another site, as a browser understands the address."""
    scene, tally, surface = Scene(), stage.tally, "redirect"
    led: list[tuple[Attack, str, str]] = []
    reader = make_user()
    for attack in attacks:
        text = attack.text
        for value in dict.fromkeys([text, f"http://testserver{text}", f"/{text}"]):
            signed = client_of(reader)
            coded = urlencode({"next": value}, errors="surrogatepass")
            login = {"login": reader.username, "password": "secret", "next": value}
            requests = scene.turn([
                [form(client_of(), f"/accounts/login/?{coded}", [], "", **login)],
                [form(client_of(), "/accounts/login/", [], "", **login)],
                [form(signed, f"/accounts/logout/?{coded}", ["next"], value)],
                [form(signed, "/accounts/confirm/", [], "", next=value, action="send")],
                [Request(signed, "GET", f"/accounts/login/?{coded}"), Request(signed, "GET", f"/accounts/confirm/?{coded}")],
                [form(scene.moderator, "/admin/moderation/", ["next"], value)],
                [form(client_of(), f"/admin/login/?{coded}", [], "", username="x", password="secret", next=value)],
                [form(client_of(), f"/articles/{scene.article.pk}/reply/with/account/", ["next", "back"], value, text="x")],
            ])  # fmt: skip
            for request in requests:
                answer = send(scene, tally, surface, attack, request)
                if location := answer.get("Location"):
                    led.append((attack, location, request.path))
        for path in (text, quote(text, safe="/%")):  # CommonMiddleware adds the last slash.
            answer = send(
                scene, tally, surface, attack, Request(scene.guest, "GET", "/" + path.lstrip("/").rstrip("/"))
            )
            if location := answer.get("Location"):
                led.append((attack, location, path))
    understood = stage.hrefs([location for _, location, _ in led], "http://testserver/accounts/login/")
    for (attack, location, path), (origin, _) in zip(led, understood, strict=True):
        if origin not in {"http://testserver", ""}:
            tally.fault("executed", surface, attack.list, f"{path[:80]} led to {location[:120]}", attack.text)


def websites(stage: Stage, attacks: list[Attack]) -> None:
    """As website and as link: what is taken leads to the web, without a name in it; what is plainly one is taken."""
    scene, tally, surface = Scene(), stage.tally, "as website"
    taken: list[tuple[Attack, str]] = []
    for attack in attacks:
        sound = {"text": f"Mine is here, {scene.count}.", "name": "Ada", "email": f"w{scene.count}@example.org"}
        scene.count += 1
        answer = send(
            scene,
            tally,
            surface,
            attack,
            form(scene.guest, f"/articles/{scene.article.pk}/reply/", [], "", website=attack.text, **sound),
        )
        if answer.status_code == 303:
            row = Comment.objects.order_by("-pk")[0]
            if row.website:
                taken.append((attack, row.website))
        elif _plainly_web(attack):
            tally.fault("lost", surface, attack.list, f"refused: {answer.status_code}", attack.text)
    understood = stage.hrefs([website for _, website in taken], "http://testserver/")
    for (attack, website), (origin, protocol) in zip(taken, understood, strict=True):
        if protocol not in {"http:", "https:", ""} or "@" in urlsplit(website).netloc:
            tally.fault("executed", surface, attack.list, f"{website[:100]} is {origin} {protocol}", attack.text)


def _plainly_web(attack: Attack) -> bool:
    """Say whether this is an address as anybody would type it: host with a dot, no user, nothing to be mended."""
    row = attack.row
    host = str(row.get("hostname") or "")
    plain = row.get("protocol") in {"http:", "https:"} and row.get("href") == attack.text and "." in host.strip(".")
    return bool(
        plain and not row.get("username") and not row.get("password") and host.isascii() and len(attack.text) <= 200
    )


def addresses(tally: Tally, attacks: list[Attack]) -> None:
    """As email: what the standard calls an error is refused, what it calls valid and ordinary is taken."""
    scene, surface = Scene(), "as email"
    for attack in attacks:
        scene.count += 1
        address = attack.text if "@" in attack.text or "category" in attack.row else f"someone@{attack.text}"
        sound = {"text": f"Write to me, {scene.count}.", "name": "Ada", "website": ""}
        answer = send(
            scene,
            tally,
            surface,
            attack,
            form(scene.guest, f"/articles/{scene.article.pk}/reply/", [], "", email=address, **sound),
        )
        category, stored = attack.row.get("category", ""), ""
        if answer.status_code == 303:
            stored = Comment.objects.order_by("-pk")[0].connection_data.email
            if category == "ISEMAIL_ERR" and stored == address:
                tally.fault("broke out", surface, attack.list, f"{category} was taken", address)
            if any(c in stored for c in "\r\n,\0 \t") and not stored.startswith('"'):
                tally.fault("broke out", surface, attack.list, f"stored as {stored!r}", address)
        elif _ordinary(attack, address):
            tally.fault("lost", surface, attack.list, f"refused: {answer.status_code}", address)


def _ordinary(attack: Attack, address: str) -> bool:
    """Say whether a reader may really have this address: the list says valid, and it has a host with a dot."""
    _local, _, domain = address.rpartition("@")
    listed = attack.row.get("category") == "ISEMAIL_VALID_CATEGORY" or attack.list.endswith(".conf")
    return (
        listed
        and "." in domain
        and not domain.startswith("[")
        and tidy_line(address) == address
        and len(address) <= 100
    )
