"""Addresses of the cabinet."""

from django.urls import path

from tickets.views.cabinet import conversation, filing, overview

app_name = "cabinet"
urlpatterns = [
    path("", overview.tickets, name="list"),
    path("new/", filing.new, name="new"),
    path("new/promise/", filing.promise, name="promise"),
    path("new/matches/", filing.matches, name="matches"),
    path("<int:number>/", conversation.ticket, name="ticket"),
    path("<int:number>/reply/", conversation.reply, name="reply"),
    path("<int:number>/close/", conversation.close, name="close"),
    path("<int:number>/reopen/", conversation.reopen, name="reopen"),
    path("<int:number>/join/", conversation.join, name="join"),
    path("<int:number>/rate/", conversation.rate, name="rate"),
    path("<int:number>/head/", conversation.head, name="head"),
]
