"""Tickets for programs of customers: list, file, read, reply. Thin, over the same actions."""

from typing import Any
from uuid import uuid4

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Property, User
from tickets import actions, identity
from tickets.models import Addressee, Category, Message, Ticket


class IsCustomer(BasePermission):
    """Customers only: the staff works at the desk, behind its second factor."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        """Whether a customer asks."""
        return isinstance(request.user, User) and request.user.is_customer


CUSTOMERS = (IsAuthenticated, IsCustomer)


class PropertyOut(serializers.ModelSerializer):
    """A hotel."""

    class Meta:
        model = Property
        fields = ("id", "name", "site")


class MessageOut(serializers.ModelSerializer):
    """A message of a conversation."""

    author = serializers.CharField(source="author.full_name")

    class Meta:
        model = Message
        fields = ("id", "author", "is_from_staff", "text", "created_at")


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


class TicketOut(TicketRowOut):
    """A ticket with its conversation."""

    messages = serializers.SerializerMethodField()

    class Meta(TicketRowOut.Meta):
        fields = (*TicketRowOut.Meta.fields, "promised_at", "details", "messages")

    @extend_schema(responses=MessageOut(many=True))
    def get_messages(self, ticket: Ticket) -> list[dict[str, Any]]:
        """Give what this person may read: notes of the staff are not among it."""
        user = self.context["request"].user
        messages = ticket.messages.visible_to(user).select_related("author").order_by("id")
        return list(MessageOut(messages, many=True).data)


class TicketIn(serializers.Serializer):
    """What to file. The priority is set by the staff and cannot be given."""

    category = serializers.ChoiceField(Category.choices)
    subject = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=50_000)
    property = serializers.IntegerField(required=False, allow_null=True)
    addressee = serializers.ChoiceField(Addressee.choices, default=Addressee.SUPPORT)
    details = serializers.DictField(child=serializers.CharField(max_length=5000), required=False)
    key = serializers.UUIDField(
        required=False, help_text="Sent twice with the same key, one ticket is made"
    )


class MessageIn(serializers.Serializer):
    """What to say."""

    text = serializers.CharField(max_length=50_000)
    key = serializers.UUIDField(
        required=False, help_text="Sent twice with the same key, one message is made"
    )


class TicketPages(CursorPagination):
    """Pages of tickets, the latest first."""

    ordering = ("-last_message_at", "-id")
    page_size = 25


def _visible(request: Request) -> Any:
    return Ticket.objects.visible_to(request.user).for_queue()


class TicketList(generics.ListAPIView):
    """Tickets that this person may read, and filing one."""

    permission_classes = CUSTOMERS
    serializer_class = TicketRowOut
    pagination_class = TicketPages
    queryset = Ticket.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        return _visible(self.request)

    @extend_schema(request=TicketIn, responses={201: TicketOut})
    def post(self, request: Request) -> Response:
        """File a ticket."""
        asked = TicketIn(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        ticket = actions.file_ticket(
            person=request.user,
            property=_property(request, said.get("property")),
            category=said["category"],
            subject=said["subject"],
            description=said["description"],
            details=said.get("details", {}),
            addressee=said["addressee"],
            channel="api",
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
        """Begin with what may be seen."""
        return _visible(self.request)


class Reply(APIView):
    """Writing into a ticket."""

    permission_classes = CUSTOMERS

    @extend_schema(request=MessageIn, responses={201: MessageOut})
    def post(self, request: Request, number: int) -> Response:
        """Write a message."""
        ticket = get_object_or_404(_visible(request), number=number)
        asked = MessageIn(data=request.data)
        asked.is_valid(raise_exception=True)
        message = actions.reply(
            ticket=ticket,
            author=request.user,
            text=asked.validated_data["text"],
            form_key=asked.validated_data.get("key") or uuid4(),
            at=timezone.now(),
        )
        return Response(MessageOut(message).data, status=201)


class PropertyList(generics.ListAPIView):
    """Hotels that tickets may be about."""

    permission_classes = CUSTOMERS
    serializer_class = PropertyOut
    pagination_class = None
    queryset = Property.objects.none()

    def get_queryset(self) -> Any:
        """Begin with what may be seen."""
        return Property.objects.visible_to(self.request.user).order_by("name")


def _property(request: Request, number: int | None) -> Property | None:
    """Find a hotel of this person. Raises actions.opening.UnknownProperty."""
    if number is None:
        return None
    found = Property.objects.visible_to(request.user).filter(pk=number).first()
    if found is None:
        raise actions.UnknownProperty
    return found


urlpatterns = [
    path("tickets/", TicketList.as_view(), name="tickets"),
    path("tickets/<int:number>/", TicketDetail.as_view(), name="ticket"),
    path("tickets/<int:number>/messages/", Reply.as_view(), name="reply"),
    path("properties/", PropertyList.as_view(), name="properties"),
]
