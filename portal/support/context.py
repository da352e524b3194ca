"""What every template knows: whose portal this is."""

from django.http import HttpRequest

from portal.support.models import Brand


def brand(_request: HttpRequest) -> dict[str, Brand | None]:
    """Give templates the brand."""
    return {"brand": Brand.objects.first()}
