"""What every endpoint for programs shares: what comes in, pages of a list, one form of errors."""

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, parsers, serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from portal.refusals import Refused

ADDRESSES = "/api/"
LARGEST_BODY = 1024 * 1024  # bytes of JSON; the longest message takes 300,000 of them
LONGEST_WORDS = 300  # characters; some errors repeat what was sent
MOST_UNKNOWN = 20
# What Django itself answers before any endpoint is reached.
OWN_WORDS = {
    400: ("bad_request", _("This request cannot be understood.")),
    403: ("permission_denied", _("This is not allowed.")),
    404: ("not_found", _("There is nothing at this address.")),
    500: ("server_error", _("Something broke on our side. Try again in a few minutes.")),
}


class TooLarge(exceptions.APIException):
    """More was sent than any of our forms can hold."""

    status_code = 413
    default_code = "too_large"
    default_detail = _("More than 1 MB was sent. Send files as uploads.")


class JSONParser(parsers.JSONParser):
    """Reads JSON of a bounded size and depth."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read the body. Raises TooLarge, ParseError."""
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            raise TooLarge
        try:
            return super().parse(io.BytesIO(raw), media_type, dict(parser_context or {}))
        except RecursionError as error:
            raise exceptions.ParseError(_("The JSON is nested too deeply.")) from error


class In(serializers.Serializer[Any]):
    """What a program sends; a field that we do not know is a mistake worth hearing of."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the fields. Raises ValidationError."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            words = [_("There is no such field.")]
            raise serializers.ValidationError(dict.fromkeys(unknown[:MOST_UNKNOWN], words))
        return super().to_internal_value(data)


class Pages(BasePagination):
    """Pages of a list, the latest first; each row comes once though new rows come in meanwhile.

    A cursor says after which row to go on, by moment and id: rows of one moment (say, of an
    import) are told apart too, which the cursors of the framework count by offset.
    """

    moment = ""  # the field by which the list is sorted
    page_size = 25
    _next: str | None = None

    def paginate_queryset(  # type: ignore[override]  # a list without a moment has no pages here
        self,
        queryset: QuerySet[Any],
        request: Request,
        view: Any = None,  # noqa: ARG002
    ) -> list[Any]:
        """Load the page that the cursor begins. Raises NotFound for a cursor not of ours."""
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(self._after(cursor))
        rows = list(queryset.order_by(f"-{self.moment}", "-id")[: self.page_size + 1])
        shown = rows[: self.page_size]
        if len(rows) > len(shown):
            address = request.build_absolute_uri()
            self._next = replace_query_param(address, "cursor", self._cursor(shown[-1]))
        return shown

    def get_paginated_response(self, data: Any) -> Response:
        """Answer with the page and the address of the next one."""
        return Response({"next": self._next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer."""
        following = {"type": "string", "nullable": True, "format": "uri"}
        properties = {"next": following, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """Describe the parameter."""
        words = "Where to go on; take the address in `next` as it is."
        return [
            {"name": "cursor", "in": "query", "description": words, "schema": {"type": "string"}}
        ]

    def _cursor(self, row: Any) -> str:
        text = f"{getattr(row, self.moment).isoformat()} {row.pk}"
        return urlsafe_base64_encode(text.encode())

    def _after(self, cursor: str) -> Q:
        try:
            text, _space, number = urlsafe_base64_decode(cursor).decode().partition(" ")
            at, pk = datetime.fromisoformat(text).astimezone(UTC), int(number)
        except (ValueError, OverflowError) as error:
            raise exceptions.NotFound(_("This cursor is not one of ours.")) from error
        return Q(**{f"{self.moment}__lt": at}) | Q(**{self.moment: at, "id__lt": pk})


def error_answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer every refusal in one form: code, message, fields. What is no refusal stays an error.

    A view whose fields are not named as those of the action says so in `field_names`.
    """
    if isinstance(error, Refused):
        names = getattr(context.get("view"), "field_names", {})
        field = names.get(error.field, error.field)
        fields = {field: [str(error.message)]} if field else {}
        return Response(_form(error.code, str(error.message), fields), status=error.status)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    answer = Response(_said(error), status=error.status_code)
    if challenge := getattr(error, "auth_header", None):
        answer.headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        answer.headers["Retry-After"] = str(int(wait))
    return answer


def _said(error: exceptions.APIException) -> dict[str, Any]:
    if not isinstance(error, exceptions.ValidationError):
        code = getattr(error.detail, "code", error.default_code)
        return _form(code, " ".join(_words(error.detail)), {})
    detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    fields = {_safe(name): list(_words(value)) for name, value in detail.items()}
    general = fields.pop("non_field_errors", []) + fields.pop("", [])
    message = " ".join(general) or str(_("Some of what was sent cannot be taken; see the fields."))
    return _form(error.default_code, message, fields)


def _words(detail: Any) -> Iterator[str]:
    """Give every message, however deep it lies."""
    if isinstance(detail, dict):
        detail = list(detail.values())
    if isinstance(detail, list):
        for one in detail:
            yield from _words(one)
    else:
        yield _safe(str(detail))


def _safe(text: str) -> str:
    # Danger: errors repeat what was sent, and a lone surrogate cannot be written as UTF-8.
    return str(text)[:LONGEST_WORDS].encode("utf-8", "replace").decode()


def _form(code: str, message: str, fields: Mapping[str, list[str]]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "fields": fields}}


def or_json(
    page: Callable[..., HttpResponseBase], *, status: int
) -> Callable[..., HttpResponseBase]:
    """Make a handler of Django's own errors answer programs in their form and people with a page."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.path.startswith(ADDRESSES):
            return page(request, *args, **kwargs)
        code, message = OWN_WORDS[status]
        return JsonResponse(_form(code, str(message), {}), status=status)

    return handler
