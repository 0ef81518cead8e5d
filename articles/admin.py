"""Registers what the admin shows of articles; the classes are in `articles.newsroom`."""

from articles.newsroom import article_admin, picture_admin, site_admin

__all__ = ["article_admin", "picture_admin", "site_admin"]
