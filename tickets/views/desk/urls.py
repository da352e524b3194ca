"""Addresses of the desk."""

from django.urls import path

from tickets.views.desk import queue, reports, ticket

app_name = "desk"
urlpatterns = [
    path("", queue.queue, name="queue"),
    path("reports/", reports.overview, name="reports"),
    path("reports/tickets/", reports.listed, name="report_tickets"),
    path("reports/export/", reports.export, name="export"),
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
