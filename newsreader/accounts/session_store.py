"""Sessions in the database, as Django keeps them, found by a statement that is made once (SESSION_ENGINE)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from newsreader.kit.compiled_queries import Compiled


@Compiled
def _in_force(key: str, now: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        found = _in_force.first(self.session_key, timezone.now())
        if found is None:
            self._session_key = None
        return found
