"""The cabinet: where customers file tickets, follow them and answer."""
