"""Pictures in templates.

`{% avatar file name %}`: somebody's portrait, or their initials where there is none.
`{% picture row sizes %}`: an editor's picture in all its sizes. `{{ html|pictured }}`: an article's text with its own.
"""

from django import template
from django.core.files.storage import default_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import pictures
from newsreader.accounts.pictures import hue, initials

register = template.Library()
_DRAWN = '<span class="avatar avatar-{}" aria-hidden="true">{}</span>'
_SHOWN = '<img class="avatar" src="{}" alt="" width="40" height="40" loading="lazy">'


@register.simple_tag
def avatar(file: str, name: str) -> SafeString:
    return format_html(_SHOWN, default_storage.url(file)) if file else format_html(_DRAWN, hue(name), initials(name))


register.simple_tag(pictures.markup, name="picture")
register.filter("pictured", pictures.in_text)
