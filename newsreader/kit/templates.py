"""Django's templates without tags that none uses: for them the worker, which writes mails, would import REST."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.template.backends.django import DjangoTemplates, get_package_libraries

UNUSED = frozenset({"rest_framework"})  # for its browsable API, which the site does not have


class Templates(DjangoTemplates):
    def get_templatetag_libraries(self, custom_libraries: dict[str, str]) -> dict[str, str]:
        """Return the tag libraries of Django and of all apps, by name."""
        packages = [f"{name}.templatetags" for name in ("django", *(app.name for app in apps.get_app_configs()))]
        used = [name for name in packages if name.partition(".")[0] not in UNUSED and find_spec(name)]
        found = (name for package in used for name in get_package_libraries(import_module(package)))
        libraries: dict[str, Any] = {name.rpartition(".")[2]: name for name in found}
        return libraries | custom_libraries
