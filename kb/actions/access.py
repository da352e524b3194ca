"""Who may write and who may publish."""

from accounts.models import User


def can_write(user: User) -> bool:
    """Whether this person may write articles."""
    return user.is_active and user.has_perm("kb.change_article")


def can_publish(user: User) -> bool:
    """Whether this person may publish and take back."""
    return user.is_active and user.has_perm("kb.publish_article")
