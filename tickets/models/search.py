"""What the search of the desk reads: the words of each ticket."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tickets.models.ticket import Ticket


class SearchDocument(models.Model):
    """The words of one ticket: number, subject, names, all messages and notes, as stems.

    Written by triggers (migration 0012), so that no way of writing a message can forget it. Beside
    words it holds the shelves on which the ticket stands: see tickets.search.
    """

    ticket = models.OneToOneField(
        Ticket, models.CASCADE, primary_key=True, related_name="search_document"
    )
    vector = SearchVectorField()

    class Meta:
        verbose_name = "indexed ticket"
        verbose_name_plural = "indexed tickets"
        indexes = [
            # Without a list of pending entries: each shelf that is read would read all of that list.
            GinIndex(fields=["vector"], name="ticket_words", fastupdate=False)
        ]

    def __str__(self) -> str:
        return str(self.ticket_id)
