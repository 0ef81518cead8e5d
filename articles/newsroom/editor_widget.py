"""The widget for an article's text: a rich text editor with script, a box of HTML without.

To name another tool of the editor, add it to WORDS; the tools themselves are in `editor-schema.js`.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.widgets import Media, Script
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from newsreader.kit.text import tidy


class Text(AdminTextareaWidget):
    """A text box with `\n` line ends instead of the browser's; otherwise every save would look like a change."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        value = super().value_from_datadict(data, files, name)
        return tidy(value) if isinstance(value, str) else value


# The editor's texts; tools are named as in django-prose-editor.
WORDS = {
    "text": _("Text"), "tools": _("Tools"), "paragraph": _("Paragraph"), "heading2": _("Heading"),
    "heading3": _("Smaller heading"), "heading4": _("Smallest heading"), "bold": _("Bold"), "italic": _("Italic"),
    "strike": _("Strikethrough"), "subscript": _("Subscript"), "superscript": _("Superscript"), "bulletList": _("List"),
    "orderedList": _("Numbered list"), "blockquote": _("Quotation"), "pullQuote": _("Pull quote"),
    "horizontalRule": _("Line between parts"), "figure": _("Picture"), "link": _("Link"),
    "unlink": _("Remove the link"), "table": _("Table"), "table:addColumnAfter": _("Add a column"),
    "table:deleteColumn": _("Delete the column"), "table:addRowAfter": _("Add a row"),
    "table:deleteRow": _("Delete the row"), "table:mergeCells": _("Merge cells"),
    "table:splitCell": _("Split the cell"), "table:toggleHeaderCell": _("Header cell"),
    "table:deleteTable": _("Delete the table"), "history:undo": _("Undo"), "history:redo": _("Redo"),
    "source": _("Show the HTML"), "fullscreen": _("Full window"), "address": _("Address"), "apply": _("Apply"),
    "alternative": _("Alternative text"), "alternativeHint": _("What the picture shows, for those who cannot see it."),
    "captionHint": _("Caption"), "open": _("Back to the editor"),
    "openAnyway": _("Open it in the editor regardless"), "sourceShown": _("This is the text as HTML."),
    "signIn": _("Sign in"), "files": _("Add pictures to the text with the tool “Picture”."),
    "signedOut": _("You are not signed in any more. Nothing is lost: sign in from another window, then save again."),
    "offline": _("The site cannot be reached. Nothing is lost: please save again in a moment."),
    "unknown": _("The text is shown as HTML, because the editor would lose some of it:"),
}  # fmt: skip


class RichText(Text):
    """A text box that a script turns into an editor."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-editor": static("django_prose_editor/editor.js"),
            "data-pictures": reverse("admin:articles_article_pictures"),
            "data-words": json.dumps(WORDS, cls=DjangoJSONEncoder),
        }
        return context

    @property
    def media(self) -> Media:
        styles = [f"django_prose_editor/{name}.css" for name in ("material-icons", "editor", "overrides")]
        script: Any = Script("editor.js", type="module")
        return Media(css={"all": [*styles, "editor.css"]}, js=[script])
