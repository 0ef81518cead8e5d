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
