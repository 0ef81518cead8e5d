"""Times as people type them, in the site's zone: the same rule for forms, the admin and REST (`kit.rest_fields`).

A time that the clocks skip is refused; of one that they show twice, the first is meant.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsreader.kit.errors import Sentence

FIRST_YEAR, LAST_YEAR = 1900, 2199
SKIPPED = _("This time does not exist, because the clocks go forward. Please choose another one.")
FAR_OFF = _("Please choose a time between the years %(first)d and %(last)d.")


class NoTime(ValueError):
    """This is no time that anything can happen at here; `code` and `sentence` say why."""

    def __init__(self, code: str, sentence: Sentence) -> None:
        self.code, self.sentence = code, sentence
        super().__init__(code)


def planned(time: dt.datetime) -> dt.datetime:
    """Return a time for which something can be planned, in the site's zone. Raises NoTime."""
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise NoTime("time_far_off", FAR_OFF % {"first": FIRST_YEAR, "last": LAST_YEAR})
    return in_zone(time)


def in_zone(time: dt.datetime) -> dt.datetime:
    """Return a time in the site's zone. Without a zone of its own, it is one of the site's. Raises NoTime."""
    zone = timezone.get_current_timezone()
    if timezone.is_aware(time):
        return time.astimezone(zone)
    found = time.replace(tzinfo=zone, fold=0)
    if found.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != time:
        raise NoTime("time_skipped", SKIPPED)
    return found


def over_rest(time: dt.datetime | None) -> str | None:
    """Return a stored time as a field of a serializer shows it, in an eighth of its time; None for none."""
    if time is None:
        return None
    text = time.astimezone(timezone.get_default_timezone()).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


class TwoInputs(forms.SplitDateTimeField):
    """A date and a time, each with its input."""

    def compress(self, data_list: Any) -> Any:
        if not data_list or any(part in self.empty_values for part in data_list):
            return super().compress(data_list)
        try:
            return planned(dt.datetime.combine(*data_list))
        except NoTime as none:
            raise ValidationError(str(none.sentence), code=none.code) from none
