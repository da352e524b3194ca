"""The ways in beside the cabinet."""
