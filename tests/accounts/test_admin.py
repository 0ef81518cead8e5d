"""People on the editors' site."""

import pytest

from newsreader.accounts.identities import own_identity
from newsreader.accounts.models import CommenterIdentity
from tests.factories import make_editor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.ci_sqlite]
LIST = "/admin/accounts/commenteridentity/"


def test_who_leaves_replies_is_looked_up_and_neither_added_nor_edited_nor_deleted(client):
    identity = own_identity(make_user(name="Ada Lovelace"))
    client.force_login(make_editor(is_superuser=True))

    assert "Ada Lovelace" in client.get(LIST).content.decode()
    assert "Ada Lovelace" in client.get(f"{LIST}{identity.pk}/change/").content.decode()
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{identity.pk}/change/", {"display_name": "Eve"}).status_code == 403
    assert client.post(f"{LIST}{identity.pk}/delete/", {"post": "yes"}).status_code == 403
    assert CommenterIdentity.objects.get(pk=identity.pk).display_name == "Ada Lovelace"
