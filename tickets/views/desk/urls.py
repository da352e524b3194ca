"""Addresses of the desk."""

from django.urls import path

from tickets.views.desk import bulk, composing, connected, palette, queue, saved, ticket

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
    path("<int:number>/macros/", composing.macro_list, name="macros"),
    path("<int:number>/macros/<int:pk>/", composing.macro, name="macro"),
    path("<int:number>/draft/", composing.draft, name="draft"),
    path("<int:number>/draft/<int:pk>/", composing.go_on, name="go_on"),
    path("<int:number>/watch/", composing.watch, name="watch"),
    path("<int:number>/unwatch/", composing.unwatch, name="unwatch"),
    path("<int:number>/history/", composing.history, name="history"),
    path("<int:number>/ledger/", composing.ledger, name="ledger"),
    path("<int:number>/connect/", connected.connect, name="connect"),
    path("<int:number>/merge/", connected.merge, name="merge"),
    path("<int:number>/merge/undo/", connected.undo_merge, name="undo_merge"),
    path("<int:number>/link/", connected.link, name="link"),
    path("<int:number>/unlink/", connected.unlink, name="unlink"),
    path("<int:number>/split/", connected.split, name="split"),
    path("<int:number>/follow-up/", connected.follow_up, name="follow_up"),
]
