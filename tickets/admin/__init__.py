"""Tickets and all that belongs to them in the admin; every change goes through an action."""

from tickets.admin import addresses, duty, life, macros, tickets

__all__ = ["addresses", "duty", "life", "macros", "tickets"]
