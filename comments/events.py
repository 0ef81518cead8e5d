"""What has happened to comments, told after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CommentPosted:
    comment_id: int
    article_id: int
    status: str


@dataclass(frozen=True)
class CommentDecided:
    comment_id: int
    article_id: int
    before: str
    after: str


@dataclass(frozen=True)
class EntriesMatched:
    """Entries of the editors' lists were found in what was posted or changed."""

    rule_ids: frozenset[int]
