"""Pictures in templates.

`{% avatar file name %}`: somebody's portrait, or their initials where there is none.
`{% picture row sizes %}`: an editor's picture in all its sizes.
"""

from django import template

from articles import pictures
from newsreader.accounts.pictures import avatar

register = template.Library()
register.simple_tag(avatar)
register.simple_tag(pictures.markup, name="picture")
