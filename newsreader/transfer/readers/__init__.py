"""File -> records. A reader is a generator that knows no database; to add one, write its file and its line here."""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from articles.records import ArticleRecord, Remark
from comments.posting.importing import CommentRecord
from newsreader.transfer.readers import wordpress

# An article comes before its comments. Raises newsreader.transfer.errors.Unreadable.
Record = ArticleRecord | CommentRecord | Remark
READERS: Mapping[str, Callable[[BinaryIO], Iterator[Record]]] = {"wordpress": wordpress.read}
