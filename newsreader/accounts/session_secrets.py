"""What sessions hold encrypted (`session_store`), encrypted anew when keys are rotated. Others go on using them."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.sessions.backends.db import SessionStore as Plain
from django.contrib.sessions.models import Session
from django.utils import timezone

from newsreader.accounts.session_store import HIDDEN
from newsreader.kit import field_keys

AT_ONCE = 1_000  # rows that are read together


def renew() -> int:
    """Encrypt with the newest key what an older one has encrypted. Returns in how many sessions.

    One that its owner changes at the same moment is left to them: this process and theirs have the same newest key.
    """
    changed, store = 0, Plain()
    for key, data, said in _old():
        encoded = store.encode(said | {HIDDEN: field_keys.renewed(str(said[HIDDEN]))})
        changed += Session.objects.filter(session_key=key, session_data=data).update(session_data=encoded)
    return changed


def left() -> int:
    """Return in how many sessions an older key is needed. What no key can read is as good as gone, and not counted."""
    return sum(1 for _ in _old())


def _old() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield key, text of the row and what it says, of sessions in which an older key has encrypted something."""
    store, last = Plain(), ""
    rows = Session.objects.filter(expire_date__gt=timezone.now()).order_by("session_key")
    while some := list(rows.filter(session_key__gt=last).values_list("session_key", "session_data")[:AT_ONCE]):
        last = some[-1][0]
        for key, data in some:
            said = store.decode(data)
            hidden = str(said.get(HIDDEN, ""))
            if hidden and not field_keys.is_current(hidden) and _is_readable(hidden):
                yield key, data, said


def _is_readable(text: str) -> bool:
    try:
        field_keys.decrypt(text)
    except field_keys.Unreadable:
        return False
    return True
