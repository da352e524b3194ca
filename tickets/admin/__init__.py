"""Tickets and all that belongs to them in the admin; every change goes through an action."""

from tickets.admin import duty, life, macros, mail, tickets

__all__ = ["duty", "life", "macros", "mail", "tickets"]
