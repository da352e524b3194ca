"""Tickets and all that belongs to them in the admin; every change goes through an action."""

from tickets.admin import duty, life, macros, tickets

__all__ = ["duty", "life", "macros", "tickets"]
