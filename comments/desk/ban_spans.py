"""The lengths of a ban that the desk offers.

To add one, add a line to SPANS: the number of days, and its label. The first is chosen unless the moderator takes
another; the templates of the desk list them in this order.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy

# How long a ban lasts, in days; 0: for good.
SPANS = {
    "1": gettext_lazy("one day"),
    "7": gettext_lazy("a week"),
    "30": gettext_lazy("30 days"),
    "0": gettext_lazy("for good"),
}
