"""Registers the ModelAdmins of articles, which are in `articles.newsroom`."""

from articles.newsroom import article_admin, picture_admin, site_admin

__all__ = ["article_admin", "picture_admin", "site_admin"]
