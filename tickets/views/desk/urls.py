"""Addresses of the desk."""

from django.urls import path

from tickets.views.desk import development, duty, queue, ticket

app_name = "desk"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("<int:number>/", ticket.ticket, name="ticket"),
    path("<int:number>/reply/", ticket.reply, name="reply"),
    path("<int:number>/note/", ticket.note, name="note"),
    path("<int:number>/triage/", ticket.triage, name="triage"),
    path("<int:number>/assign/", ticket.assign, name="assign"),
    path("<int:number>/status/", ticket.status, name="status"),
    path("<int:number>/readdress/", ticket.readdress, name="readdress"),
    path("<int:number>/resolve/", ticket.resolve, name="resolve"),
    path("<int:number>/close/", ticket.close, name="close"),
    path("<int:number>/reopen/", ticket.reopen, name="reopen"),
    path("<int:number>/call/", duty.take_call, name="take_call"),
    path("<int:number>/development/", development.hand_over, name="hand_over"),
    path("<int:number>/development/join/", development.join, name="join_development"),
    path("<int:number>/development/withdraw/", development.withdraw, name="withdraw"),
    path("developments/", development.developments, name="developments"),
    path("developments/<int:pk>/", development.development, name="development"),
    path("developments/<int:pk>/news/", development.news, name="development_news"),
    path("developments/<int:pk>/release/", development.release, name="release"),
    path("developments/<int:pk>/owner/", development.owner, name="development_owner"),
    path("developments/<int:pk>/describe/", development.describe, name="describe_development"),
    path("duty/", duty.duty, name="duty"),
]
