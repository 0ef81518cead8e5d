"""The report of an import: what came in, what was left out and why. As text for people, as JSON for programs."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from articles.records import Remark
from newsreader.kit.text import tidy_line

EXAMPLES = 5  # examples of each kind of remark in the text; the JSON has all
# What the codes of remarks mean. To add a remark, add its line.
WORDING = {
    "text_before": "texts before the export, such as warnings of the old site; skipped",
    "picture": "pictures, whose files are not part of the export",
    "foreign_picture": "pictures on other sites, of which readers see a link",
    "not_an_article": "items that are neither articles, pages nor pictures, and carry no comments",
    "not_of_wordpress": "items without any WordPress data",
    "comment_without_article": "comments whose article is missing",
    "file_given_twice": "files with the same content as another; read once",
    "listed_twice": "articles listed a second time; the first was taken, with the comments of all",
    "comment_listed_twice": "comments listed a second time; the first was taken",
    "draft_for_its_comments": "items that came in, as drafts, only because they carry comments",
    "with_password": "articles with a password, now drafts",
    "private": "private articles, now drafts",
    "unknown_state": "articles with an unknown status, now drafts",
    "without_date": "articles published without a date, now with that of the import",
    "without_title": "articles without a title, now with their first words",
    "footnotes_missing": "articles whose footnotes are not in their file",
    "block_missing": "articles with a shared block that no file has",
    "gallery_missing": "articles with a gallery of whose pictures some are in no file",
    "lead_picture_missing": "articles whose lead picture is not part of the export",
    "headline_cut": "titles that were too long and lost their end",
    "slug_changed": "addresses that another article has, now others",
    "name_shortened": "sections, tags or authors whose name was too long and lost its end",
    "tag_without_name": "tags whose name shows nothing",
    "parent_lost": "comments whose parent is missing, now top-level comments",
    "parent_elsewhere": "comments whose parent is under another article, now top-level comments",
    "parent_in_a_circle": "comments that reply to each other in a circle, now top-level comments",
    "comment_id_replaced": "comments without an id of their own, now with one made from their text",
    "internal_comment": "notes for the staff that were never public, now in the trash",
    "unknown_status": "comments with an unknown status, now waiting",
    "comment_without_date": "comments without a date, now with that of the import",
    "name_cut": "comments whose author's name was too long and lost its end",
    "website_dropped": "comments whose website is invalid or too long, now without one",
    "email_dropped": "comments whose email address was too long, now without one",
}


@dataclass
class Report:
    """Counted while the import runs. `came_in` and `already_here` are keyed by kind, then by state.

    `files` are the names of those that were given; where they are several, the text says what was in which.
    """

    files: list[str] = field(default_factory=list)
    came_in: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    already_here: Counter[str] = field(default_factory=Counter)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, code: str, subject: str, detail: str = "", *, left_out: bool = False, file: str = "") -> None:
        self.remarks.append(Remark(code, subject, detail, left_out, file))

    def as_text(self) -> str:
        """Return the summary: a line for each kind, and a few examples of each remark."""
        lines = ["Came in:"]
        for what, states in self.came_in.items():
            named = ", ".join(f"{count} {state}" for state, count in sorted(states.items()) if state)
            lines.append(f"  {what}: {states.total()}" + (f" ({named})" if named else ""))
        if len(lines) == 1:
            lines.append("  nothing new")
        if self.already_here:
            lines += ["Here already, left as they are:"]
            lines += [f"  {what}: {count}" for what, count in sorted(self.already_here.items())]
        lines += self._section("Left out:", left_out=True) + self._section("Remarks:", left_out=False)
        return "\n".join(lines)

    def _section(self, title: str, *, left_out: bool) -> list[str]:
        groups = self.groups(left_out=left_out)
        lines = [title] if groups else []
        for code, remarks in groups.items():
            lines.append(f"  {WORDING.get(code, code)}: {len(remarks)}{self._by_file(remarks)}")
            shown = [self._line(remark) for remark in remarks[:EXAMPLES]] if not left_out else []
            lines += [f"    {line}" for line in shown]
            if shown and len(remarks) > EXAMPLES:
                lines.append(f"    and {len(remarks) - EXAMPLES} more")
        return lines

    def _by_file(self, remarks: list[Remark]) -> str:
        if len(self.files) < 2:
            return ""
        counts = Counter(tidy_line(remark.file) for remark in remarks)
        named = ", ".join(f"{count} in {name}" for name, count in list(counts.items())[:EXAMPLES])
        return f" ({named}{', …' if len(counts) > EXAMPLES else ''})"

    def _line(self, remark: Remark) -> str:
        """Return a remark for the terminal, without control characters from the file."""
        subject, detail = tidy_line(remark.subject), tidy_line(remark.detail)
        if len(self.files) > 1:
            subject = f"{tidy_line(remark.file)}: {subject}"
        detail = detail if len(detail) <= 80 else f"{detail[:80]} …"
        return f"{subject}: {detail}" if detail else subject

    def groups(self, *, left_out: bool) -> dict[str, list[Remark]]:
        """Return the remarks by their code, in the order in which they came."""
        groups: dict[str, list[Remark]] = defaultdict(list)
        for remark in self.remarks:
            if remark.left_out == left_out:
                groups[remark.code].append(remark)
        return groups

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data, each remark with its code."""
        return {
            "came_in": {
                what: {"total": states.total(), **{state: count for state, count in states.items() if state}}
                for what, states in self.came_in.items()
            },
            "already_here": dict(self.already_here),
            "left_out": self._told(left_out=True),
            "remarks": self._told(left_out=False),
        }

    def _told(self, *, left_out: bool) -> list[dict[str, Any]]:
        return [
            {
                "code": code,
                "reason": WORDING.get(code, code),
                "count": len(remarks),
                "items": [
                    {"subject": remark.subject, "detail": remark.detail, "file": remark.file} for remark in remarks
                ],
            }
            for code, remarks in self.groups(left_out=left_out).items()
        ]
