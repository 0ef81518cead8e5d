"""The languages that the site speaks: those that it has words in."""

from django.conf import settings
from django.utils.translation import get_language_info


def spoken(code: str) -> str:
    """Return the language that the site speaks to whoever asks for this one; empty for the site's own.

    A variant of another country counts. An unknown language, or one whose catalogue has gone, is the site's own.
    """
    codes = [known for known, _ in settings.LANGUAGES]
    same = (known for known in codes if code and known.split("-")[0] == code.split("-")[0])
    return code if code in codes else next(same, "")


def choices() -> list[tuple[str, str]]:
    """Return the languages, each with its own name for itself."""
    named = [(code, str(get_language_info(code)["name_local"]).capitalize()) for code, _ in settings.LANGUAGES]
    return sorted(named, key=lambda each: each[1].casefold())
