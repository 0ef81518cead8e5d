"""Makes a site's database and what its load needs, in a process of its own with the settings of that site.

Prints as JSON: the articles that take replies, the public pages that are read, and the pictures.
"""

import json
import sys

import django
from django.core.management import call_command

django.setup()

from django.core.files.base import ContentFile  # noqa: E402
from django.core.files.storage import default_storage  # noqa: E402

from comments.posting.submission import post_comment  # noqa: E402
from tests.factories import make_article, make_draft, make_moderator, make_rule, set_rules  # noqa: E402

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 20_000  # Nobody looks at it.


def main() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    # Most replies appear at once, so that pages change; those about a lantern wait, so that moderators get mails.
    # None of them is gathered with others: what is told an hour later comes after the books are closed.
    set_rules(hold_first_comment=False, fastest_seconds=0, surge_control=False, mails_an_hour=30_000)
    make_rule("lantern")
    make_moderator(is_superuser=False)
    articles = [make_article() for _ in range(3)]
    for article in articles:
        post_comment(make_draft(article))
    names = [default_storage.save(f"pictures/picture-{number}.png", ContentFile(PICTURE)) for number in range(4)]
    facts = {
        "articles": [article.pk for article in articles],
        "pages": ["/", "/comments/feed/", *(article.get_absolute_url() for article in articles)],
        "pictures": [default_storage.url(name) for name in names],
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main()
