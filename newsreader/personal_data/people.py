"""Who is meant by an address: which accounts, which commenter identities, which comments.

An account is meant if it has confirmed the address; if nobody has, those that were made with it. Somebody else's
account that merely names the address, unconfirmed, is not: it loses the address and nothing else. Guests' comments are
meant by what was typed, confirmed or not: nobody else could ever claim them.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from comments.models import Comment, ConnectionData, Report
from comments.models.querysets import CommentQuerySet
from comments.objections.reports import Reporter
from newsreader.accounts import leaving
from newsreader.accounts.models import CommenterIdentity, Invitation, User
from newsreader.kit.client_address import UNKNOWN, network
from newsreader.kit.email_addresses import tidy_email
from newsreader.kit.hashes import keyed
from newsreader.mailing.models import Letter


@dataclass(frozen=True)
class Person:
    """Somebody, by ids and addresses in small letters (`lowered`). Empty where nothing is here about them."""

    addresses: tuple[str, ...] = ()
    accounts: tuple[int, ...] = ()
    identities: tuple[int, ...] = ()

    @property
    def comments(self) -> CommentQuerySet:
        """All their comments, of every status, which they have not been erased from."""
        typed = ConnectionData.objects.alias(folded=Lower("email")).filter(folded__in=self.addresses)
        guests = Q(identity=None, pk__in=typed.values("pk"))
        return Comment.objects.filter(Q(identity__in=self.identities) | guests)

    def next_comments(self, most: int) -> list[int]:
        """Return the ids of so many of these comments. By an index, however many comments the site has."""
        own = Comment.objects.filter(identity__in=self.identities).values_list("pk", flat=True)
        if found := list(own[:most]):
            return found
        typed = ConnectionData.objects.alias(folded=Lower("email")).filter(folded__in=self.addresses)
        return list(typed.filter(comment__identity=None).values_list("pk", flat=True)[:most])

    @property
    def users(self) -> list[User]:
        return list(User.objects.filter(pk__in=self.accounts).order_by("pk"))

    @property
    def keys(self) -> list[str]:
        """What the digests of an erasure are made of: each address and account, as text."""
        return [*(f"email:{address}" for address in self.addresses), *(f"account:{pk}" for pk in self.accounts)]

    @property
    def reporters(self) -> list[str]:
        """The keyed hashes under which their accounts have reported."""
        return [Reporter(user=user).key for user in self.users]

    @property
    def appellants(self) -> list[str]:
        """The keyed hashes under which their accounts have appealed against bans of networks."""
        return [keyed("ban", person) for person in self._rate_limited]

    @property
    def limits(self) -> list[str]:
        """The keys of their rate limits, apart from those of networks, which others share."""
        people = (tuple(person.split(":")) for person in self._rate_limited)
        return [keyed(*person) for person in people] + [keyed("report", key) for key in self.reporters]

    @property
    def _rate_limited(self) -> list[str]:
        return [*(f"user:{pk}" for pk in self.accounts), *(f"identity:{pk}" for pk in self.identities)]

    def members(self) -> list[User]:
        """Those of their accounts that belong to the newsroom."""
        return [user for user in self.users if leaving.is_member(user)]

    def held(self) -> dict[str, int]:
        """Return how much is here about them, by kind; kinds without anything are left out."""
        reports = Report.objects.alias(folded=Lower("email")).filter(
            Q(account__in=self.accounts) | Q(folded__in=self.addresses) | Q(reporter__in=self.reporters)
        )
        counts = {
            "accounts": len(self.accounts),
            "commenter identities": len(self.identities),
            "comments": self.comments.count(),
            "reports": reports.count(),
            "invitations": invitations_to(self.addresses).count(),
            "mails": letters_to(self.addresses).count(),
            "sessions": UserSession.objects.filter(user__in=self.accounts).count(),
        }
        return {kind: count for kind, count in counts.items() if count}


def lowered(address: str) -> str:
    """Return an address as it is compared with those that are stored."""
    return tidy_email(address).lower()


def find(address: str, *, named_too: bool = True) -> Person:
    """Return who is meant by an address. `named_too`: where nobody has confirmed it, also accounts made with it."""
    address = lowered(address)
    verified = EmailAddress.objects.alias(folded=Lower("email")).filter(folded=address, verified=True)
    accounts = set(verified.values_list("user", flat=True))
    of_provider = CommenterIdentity.objects.alias(folded=Lower("email")).filter(folded=address, email_verified=True)
    accounts |= set(of_provider.exclude(user=None).values_list("user", flat=True))
    if not accounts and named_too:
        unverified = EmailAddress.objects.alias(folded=Lower("email")).filter(folded=address).values("user")
        named = User.objects.alias(folded=Lower("email")).filter(Q(folded=address) | Q(folded="", pk__in=unverified))
        accounts = set(named.values_list("pk", flat=True))
        # Somebody who has confirmed another address has another one here.
        accounts -= set(EmailAddress.objects.filter(user__in=accounts, verified=True).values_list("user", flat=True))
    alone = CommenterIdentity.objects.alias(folded=Lower("email")).filter(folded=address, user=None)
    return _all_of({address}, accounts, set(alone.values_list("pk", flat=True)))


def of_guest(address: str) -> Person:
    """Return what was left without an account under an address, for whoever has proved to read its mail, and no more.

    An account that has got the address meanwhile is opened by signing in, one that merely names it is somebody else's.
    Of what came from a provider, only what the provider has confirmed.
    """
    address = lowered(address)
    alone = CommenterIdentity.objects.alias(folded=Lower("email")).filter(folded=address, user=None)
    proved = alone.filter(email_verified=True).order_by("pk").values_list("pk", flat=True)
    return Person(addresses=(address,), identities=tuple(proved))


def owner_of(address: str) -> int | None:
    """Return the id of the account that has confirmed an address."""
    rows = EmailAddress.objects.alias(folded=Lower("email")).filter(folded=lowered(address), verified=True)
    return rows.values_list("user", flat=True).first()


def of_account(user_id: int) -> Person:
    """Return the person who owns an account, with all the addresses that they have confirmed."""
    return _all_of(set(), {user_id}, set())


def _all_of(addresses: set[str], accounts: set[int], identities: set[int]) -> Person:
    verified = EmailAddress.objects.filter(user__in=accounts, verified=True).values_list("email", flat=True)
    own = CommenterIdentity.objects.filter(user__in=accounts)
    addresses |= {lowered(email) for email in verified}
    of_providers = {lowered(email) for email in own.filter(email_verified=True).values_list("email", flat=True)}
    # What another account has confirmed here is that one's, whatever a provider says.
    confirmed = EmailAddress.objects.alias(folded=Lower("email")).filter(folded__in=of_providers, verified=True)
    others = confirmed.exclude(user__in=accounts).values_list("email", flat=True)
    addresses |= of_providers - {lowered(email) for email in others}
    identities |= set(own.values_list("pk", flat=True))
    accounts = set(User.objects.filter(pk__in=accounts).values_list("pk", flat=True))
    found = (sorted(addresses - {""}), sorted(accounts), sorted(identities))
    return Person(*map(tuple, found))  # type: ignore[arg-type]


def invitations_to(addresses: tuple[str, ...]) -> QuerySet[Invitation]:
    """Return the invitations to the newsroom that were sent to these addresses."""
    return Invitation.objects.alias(folded=Lower("email")).filter(folded__in=addresses)


def letters_to(addresses: tuple[str, ...]) -> QuerySet[Letter]:
    """Return the mails of the outbox to these addresses, sent or not."""
    return Letter.objects.alias(folded=Lower("address")).filter(folded__in=addresses)


def networks_of(person: Person) -> set[str]:
    """Return the IP addresses that their comments and sessions came from."""
    left = ConnectionData.objects.filter(comment__in=person.comments.values("pk")).exclude(address=None)
    seen = UserSession.objects.filter(user__in=person.accounts)
    found = {*left.values_list("address", flat=True).distinct(), *seen.values_list("ip", flat=True)}
    return {str(address) for address in found if address and address != UNKNOWN}


def answers_kept_for(person: Person, addresses: set[str]) -> list[str]:
    """Return the keys under which answers to their posts over REST are kept."""
    return [
        *(keyed("account", str(pk)) for pk in person.accounts),
        *(keyed("network", network(address)) for address in addresses),
    ]
