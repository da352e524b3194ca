"""A letter in the admin, as it reads: in its frame, which the policy of the page must let in."""

import pytest

from accounts.models import User
from portal.delivery.models import Delivery


@pytest.mark.ignore_template_errors
def test_the_head_reads_a_letter_in_its_frame(enter):
    head = User.objects.filter(role__code="head", is_active=True)[0].email
    letter = Delivery.objects.filter(letter="ticket_reply").latest("id")
    page = enter(head, viewport={"width": 1440, "height": 1100})
    page.goto(f"/admin/delivery/delivery/{letter.pk}/change/")
    frame = page.frame_locator("iframe")
    frame.locator("h1").wait_for()
    assert frame.locator("h1").inner_text() == letter.context["subject"]
    assert frame.locator("script, img, form").count() == 0
