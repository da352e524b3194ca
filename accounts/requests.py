"""The person behind a request, for views that only signed-in people reach."""

from django.http import HttpRequest

from accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """Give the signed-in person. Raises TypeError where a view forgot to require one."""
    if not isinstance(request.user, User):
        # SimpleLazyObject passes isinstance() once it is evaluated, so this is truly nobody.
        raise TypeError("this view needs a signed-in person")
    return request.user
