"""Addresses of the desk."""

from django.urls import path

from tickets.views.desk import bulk, palette, queue, saved, ticket

app_name = "desk"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("bulk/", bulk.bulk, name="bulk"),
    path("palette/", palette.palette, name="palette"),
    path("views/", saved.save, name="view_save"),
    path("views/<int:number>/rename/", saved.rename, name="view_rename"),
    path("views/<int:number>/share/", saved.share, name="view_share"),
    path("views/<int:number>/delete/", saved.delete, name="view_delete"),
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
]
