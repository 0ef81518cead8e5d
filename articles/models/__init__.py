"""The tables of articles, each with the constraints on its rows.

article:    Article, Byline, SourceAttribution, Correction, Redirect
editorial:  Submission, EditorialNote
site:       Site, MenuItem
taxonomy:   Section, Tag, Author
pictures:   Picture
purges:     Purge
origins:    ImportRun; where imported rows came from
querysets:  the queries about articles
"""

from articles.models.article import Article, Byline, Correction, Redirect, SourceAttribution
from articles.models.editorial import EditorialNote, Submission
from articles.models.origins import Imported, ImportRun, once_per_origin
from articles.models.pictures import Picture
from articles.models.purges import Purge
from articles.models.site import MenuItem, Site
from articles.models.taxonomy import Author, Section, Tag

__all__ = [
    "Article",
    "Author",
    "Byline",
    "Correction",
    "EditorialNote",
    "ImportRun",
    "Imported",
    "MenuItem",
    "Picture",
    "Purge",
    "Redirect",
    "Section",
    "Site",
    "SourceAttribution",
    "Submission",
    "Tag",
    "once_per_origin",
]
