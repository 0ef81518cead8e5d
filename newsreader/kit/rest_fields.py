"""Fields that serializers share. Apart from `times`, which models use: commands start without the framework of REST."""

from __future__ import annotations

import datetime as dt
from typing import NoReturn

from rest_framework import serializers

from newsreader.kit.times import NoTime, planned


class Time(serializers.DateTimeField):
    """A time over REST, in the site's zone unless it names one."""

    def enforce_timezone(self, value: dt.datetime) -> dt.datetime:
        try:
            return planned(value)
        except NoTime as none:
            self._refuse(none)

    def _refuse(self, none: NoTime) -> NoReturn:
        raise serializers.ValidationError(str(none.sentence), code=none.code)
