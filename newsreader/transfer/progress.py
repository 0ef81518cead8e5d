"""What an import tells on its way."""

from __future__ import annotations

from articles.models.origins import ImportRun


class Progress:
    """Is told how far an import is; this one does not mind. An edge that does overrides what it wants to hear."""

    def goes_on(self, run: ImportRun) -> None:
        """Hear that an import of the same was cut short and goes on."""

    def read(self, percent: int, articles: int, comments: int) -> None:
        """Hear how much of all files is read. Called with each record."""

    def written(self, articles: int, comments: int) -> None:
        """Hear how much has come in. Called after each transaction; not in a dry run."""
