"""`/metrics`: what Prometheus collects, for staff and for METRICS_NETWORKS. It answers while the database is away."""

from __future__ import annotations

import ipaddress
import logging

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from newsreader.kit import metrics as counted
from newsreader.kit.client_address import client_address
from newsreader.kit.http_cache import private
from newsreader.kit.logs import OnceAMinute
from newsreader.operations.site_gauges import SiteGauges

log = OnceAMinute(logging.getLogger(__name__))
_asked = CollectorRegistry()
gauges = SiteGauges()
_asked.register(gauges)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with what this host's processes have counted and what the database knows, in Prometheus' text format."""
    # The network first: it asks no database.
    if not (_is_allowed(client_address(request)) or getattr(request.user, "acts_as_staff", False)):
        raise PermissionDenied
    return private(HttpResponse(_own() + generate_latest(_asked), content_type=CONTENT_TYPE_LATEST))


def _is_allowed(address: str) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in settings.METRICS_NETWORKS)


def _own() -> bytes:
    try:
        return generate_latest(counted.registry())
    except (OSError, RuntimeError, ValueError) as fault:  # A process was killed while it wrote its file.
        log.warning("The counters of this host cannot be read", fault)
        return b""
