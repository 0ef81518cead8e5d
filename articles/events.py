"""What has happened to articles, told after commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ArticlePublished:
    article_id: int


@dataclass(frozen=True)
class ArticleWithdrawn:
    article_id: int
