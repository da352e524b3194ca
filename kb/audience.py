"""Who reads: everybody, customers, or staff; each of these may read what those before may."""

from enum import IntEnum

from django.contrib.auth.models import AnonymousUser

from accounts.models import User


class Audience(IntEnum):
    """A kind of reader; the greater sees more."""

    EVERYBODY = 0
    CUSTOMERS = 1
    STAFF = 2


# Who may read an article, by its access.
AUDIENCE_OF = {
    "public": Audience.EVERYBODY,
    "customers": Audience.CUSTOMERS,
    "staff": Audience.STAFF,
}
ACCESS_OF = {
    Audience.EVERYBODY: ("public",),
    Audience.CUSTOMERS: ("public", "customers"),
    Audience.STAFF: ("public", "customers", "staff"),
}
# What some readers of an article of an access may not read.
BEYOND = {"public": ("customers", "staff"), "customers": ("staff",)}


def audience_of(user: User | AnonymousUser) -> Audience:
    """Give what kind of reader this is."""
    if not isinstance(user, User) or not user.is_authenticated:
        return Audience.EVERYBODY
    return Audience.CUSTOMERS if user.is_customer else Audience.STAFF
