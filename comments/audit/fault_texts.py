"""What is wrong with the audit log, in words, by the codes of `audit_log.Fault`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

FAULTS = {
    "missing": _("missing from the chain"),
    "changed": _("changed since it was written"),
    "personal_data_changed": _("its personal data was changed"),
    "other_chain": _("not the entry whose hash was noted"),
    "cut_off": _("was in the chain earlier, and is missing now"),
    "decision_differs": _("the decision differs from the log, or is missing there"),
}
