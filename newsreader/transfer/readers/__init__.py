"""Readers: files -> records. A reader is a generator that knows no database.

To add one, write its module and its line in READERS.

wordpress:  a WordPress export; wordpress_values: single values of one
paragraphs: stored article text -> HTML with paragraphs
parts:      footnotes, shared blocks and galleries, which the text only points to
xml:        reading XML from elsewhere
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO

from articles.records import AddressRecord, ArticleRecord, Remark
from comments.posting.importing import CommentRecord
from newsreader.transfer.readers import wordpress

# A reader takes the files of one export, and may go through them several times; while it goes on, the file that it has
# taken last is open. It yields an article before its comments, and raises newsreader.transfer.errors.Unreadable.
Record = ArticleRecord | CommentRecord | AddressRecord | Remark
READERS: Mapping[str, Callable[[Iterable[BinaryIO]], Iterator[Record]]] = {"wordpress": wordpress.read}
