"""Tickets for programs of customers: list, file, read, reply. Thin, over the same actions."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, generics, parsers, serializers
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Property, User
from portal import files
from portal.programs import In, Pages
from tickets import access, actions, identity, rules
from tickets.actions import texts
from tickets.models import Addressee, Attachment, Category, Message, Ticket


class IsCustomer(BasePermission):
    """Customers only: the staff works at the desk, behind its second factor."""

    message = _("Tickets are open to customers here; the staff works at the desk.")

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        """Whether a customer asks."""
        return isinstance(request.user, User) and request.user.is_customer


CUSTOMERS = (IsAuthenticated, IsCustomer)


class PropertyOut(serializers.ModelSerializer):
    """A hotel."""

    class Meta:
        model = Property
        fields = ("id", "name", "site")


class AttachmentOut(serializers.ModelSerializer):
    """A file."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ("id", "name", "content_type", "size", "url")

    def get_url(self, attachment: Attachment) -> str:
        """Give the address where programs read it."""
        return f"{settings.SITE_URL}{reverse('api:attachment', args=[attachment.pk])}"


class MessageOut(serializers.ModelSerializer):
    """A message of a conversation."""

    author = serializers.CharField(source="author.full_name")
    attachments = AttachmentOut(many=True)

    class Meta:
        model = Message
        fields = ("id", "author", "is_from_staff", "text", "created_at", "attachments")


class TicketRowOut(serializers.ModelSerializer):
    """A ticket in a list."""

    requester = serializers.CharField(source="requester.full_name")
    property = PropertyOut(allow_null=True)

    class Meta:
        model = Ticket
        fields = (
            "number", "subject", "category", "priority", "status", "addressee", "requester",
            "property", "received_at", "due_at", "last_message_at",
        )  # fmt: skip


ROW = (
    *(name for name in TicketRowOut.Meta.fields if name not in {"requester", "property"}),
    *("requester__full_name", "property__name", "property__site"),
)


class TicketOut(TicketRowOut):
    """A ticket with its conversation."""

    messages = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = (*TicketRowOut.Meta.fields, "promised_at", "details", "messages")

    @extend_schema(responses=MessageOut(many=True))
    def get_messages(self, ticket: Ticket) -> list[dict[str, Any]]:
        """Give what this person may read: notes of the staff are not among it."""
        user = self.context["request"].user
        messages = ticket.messages.visible_to(user).select_related("author")
        shown = messages.prefetch_related("attachments").order_by("id")
        return list(MessageOut(shown, many=True).data)


class AttachmentsField(serializers.ListField):
    """Files that were uploaded before."""

    def __init__(self, **kwargs: Any) -> None:
        words = {"help_text": "Identifiers of uploads", "max_length": files.MOST_FILES}
        super().__init__(**{"child": serializers.UUIDField(), "required": False, **words, **kwargs})


class TicketIn(In):
    """What to file. The priority is set by the staff and cannot be given."""

    category = serializers.ChoiceField(Category.choices)
    subject = serializers.CharField(max_length=texts.LONGEST_SUBJECT)
    description = serializers.CharField(max_length=texts.LONGEST_TEXT)
    property = serializers.IntegerField(required=False, allow_null=True)
    addressee = serializers.ChoiceField(Addressee.choices, default=Addressee.SUPPORT)
    details = serializers.DictField(
        child=serializers.CharField(max_length=texts.LONGEST_DETAIL, allow_blank=True),
        required=False,
    )
    attachments = AttachmentsField()
    key = serializers.UUIDField(
        required=False, help_text="Sent twice with the same key, one ticket is made"
    )
    follows = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="Number of the earlier ticket whose matter this takes up",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse details that tickets of this category have not got."""
        known = rules.FIELDS[attrs["category"]]
        if set(attrs.get("details", {})) - set(known):
            words = _("Tickets of this category have these details: %(names)s.")
            raise serializers.ValidationError({"details": [words % {"names": ", ".join(known)}]})
        return attrs


class MessageIn(In):
    """What to say."""

    text = serializers.CharField(max_length=texts.LONGEST_TEXT)
    attachments = AttachmentsField()
    key = serializers.UUIDField(
        required=False, help_text="Sent twice with the same key, one message is made"
    )
    is_thanks = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text=(
            "In a solved ticket: true files thanks without opening it again, false opens it;"
            " left out, the words themselves tell"
        ),
    )


class UploadIn(In):
    """A file for a ticket or a message; one that no message takes is forgotten after a day."""

    file = serializers.FileField(allow_empty_file=True)


class TicketPages(Pages):
    """Pages of tickets, the latest first."""

    moment = "last_message_at"


def _person(request: Request) -> User:
    if not isinstance(request.user, User):
        raise exceptions.NotAuthenticated
    return request.user


def _visible(request: Request) -> QuerySet[Ticket]:
    return Ticket.objects.visible_to(_person(request)).for_queue()


class TicketList(generics.ListAPIView):
    """Tickets that this person may read, and filing one."""

    field_names = {"files": "attachments"}
    permission_classes = CUSTOMERS
    serializer_class = TicketRowOut
    pagination_class = TicketPages
    queryset = Ticket.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen, and load what a row tells."""
        found = Ticket.objects.visible_to(_person(self.request))
        return found.select_related("requester", "property").only(*ROW)

    @extend_schema(request=TicketIn, responses={201: TicketOut})
    def post(self, request: Request) -> Response:
        """File a ticket."""
        asked = TicketIn(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        ticket = actions.file_ticket(
            person=_person(request),
            property=_property(request, said.get("property")),
            category=said["category"],
            subject=said["subject"],
            description=said["description"],
            details=said.get("details", {}),
            attachments=said.get("attachments", []),
            addressee=said["addressee"],
            channel="api",
            follows=_followed(request, said.get("follows")),
            evidence=identity.token() if request.auth else identity.session(),
            form_key=said.get("key") or uuid4(),
            at=timezone.now(),
        )
        return Response(TicketOut(ticket, context={"request": request}).data, status=201)


class TicketDetail(generics.RetrieveAPIView):
    """One ticket with its conversation."""

    permission_classes = CUSTOMERS
    serializer_class = TicketOut
    lookup_field = "number"
    queryset = Ticket.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen, and load what a row tells."""
        found = Ticket.objects.visible_to(_person(self.request))
        return found.select_related("requester", "property").only(*ROW)


class Reply(APIView):
    """Writing into a ticket."""

    field_names = {"files": "attachments"}
    permission_classes = CUSTOMERS

    @extend_schema(request=MessageIn, responses={201: MessageOut})
    def post(self, request: Request, number: int) -> Response:
        """Write a message."""
        ticket = get_object_or_404(_visible(request), number=number)
        asked = MessageIn(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        message = actions.reply(
            ticket=ticket,
            author=_person(request),
            text=said["text"],
            attachments=said.get("attachments", []),
            is_thanks=said["is_thanks"],
            form_key=said.get("key") or uuid4(),
            at=timezone.now(),
        )
        return Response(MessageOut(message).data, status=201)


class Join(APIView):
    """Taking part in the ticket of a colleague."""

    permission_classes = CUSTOMERS

    @extend_schema(request=None, responses={200: TicketOut})
    def post(self, request: Request, number: int) -> Response:
        """Take part: colleagues read, and write once they have joined."""
        ticket = get_object_or_404(_visible(request), number=number)
        actions.join(ticket=ticket, actor=_person(request), at=timezone.now())
        return Response(TicketOut(ticket, context={"request": request}).data)


class UploadList(APIView):
    """Files before their message."""

    permission_classes = CUSTOMERS
    parser_classes = (parsers.MultiPartParser,)
    field_names = {"files": "file"}

    @extend_schema(request=UploadIn, responses={201: AttachmentOut})
    def post(self, request: Request) -> Response:
        """Take a file in; name its id when you file a ticket or write a message."""
        asked = UploadIn(data=request.data)
        asked.is_valid(raise_exception=True)
        kept = actions.keep_upload(
            person=_person(request), upload=asked.validated_data["file"], at=timezone.now()
        )
        return Response(AttachmentOut(kept).data, status=201)


class AttachmentDetail(APIView):
    """The bytes of a file."""

    permission_classes = CUSTOMERS

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Give a file of a message that this person may read, or their own unsent one."""
        found = get_object_or_404(access.attachments_for(_person(request)), pk=pk)
        return files.serve(id=found.id, name=found.name, content_type=found.content_type)


class PropertyList(generics.ListAPIView):
    """Hotels that tickets may be about."""

    permission_classes = CUSTOMERS
    serializer_class = PropertyOut
    pagination_class = None
    queryset = Property.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        return Property.objects.visible_to(_person(self.request)).order_by("name")


def _property(request: Request, number: int | None) -> Property | None:
    """Find a hotel of this person. Raises actions.opening.UnknownProperty."""
    if number is None:
        return None
    found = Property.objects.visible_to(_person(request)).filter(pk=number).first()
    if found is None:
        raise actions.UnknownProperty
    return found


def _followed(request: Request, number: int | None) -> Ticket | None:
    """Find the ticket that a new one follows. Raises actions.UnknownTicket."""
    if number is None:
        return None
    found = _visible(request).filter(number=number).first()
    if found is None:
        raise actions.UnknownTicket
    return found


urlpatterns = [
    path("tickets/", TicketList.as_view(), name="tickets"),
    path("tickets/<int:number>/", TicketDetail.as_view(), name="ticket"),
    path("tickets/<int:number>/messages/", Reply.as_view(), name="reply"),
    path("tickets/<int:number>/join/", Join.as_view(), name="join"),
    path("uploads/", UploadList.as_view(), name="uploads"),
    path("attachments/<uuid:pk>/", AttachmentDetail.as_view(), name="attachment"),
    path("properties/", PropertyList.as_view(), name="properties"),
]
