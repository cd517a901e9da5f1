"""The person's own data as a page: the same sections as the JSON, readable, and nothing runs in it."""

from __future__ import annotations

import re

from asgiref.sync import async_to_sync
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.people import own_data, own_html
from skills.review.corrections import correct_tags


def test_it_holds_every_section_and_the_conversation(client, people, say, drain):
    message = say("What matters <i>most</i> to you?")
    drain("live")
    correct_tags(message, codes=["affirm"], trainer=people.trainer, note="Kind & short.")
    client.force_login(people.volunteer)
    answer = client.get(reverse("people:own-data-read"))
    assert answer["Content-Disposition"].startswith('attachment; filename="your-data-')

    async def whole() -> str:
        return b"".join([part async for part in answer]).decode()

    page = async_to_sync(whole)()
    assert page.endswith("</html>\n")
    assert [part for part, _ in own_data.sections() if f'<section id="{part}">' not in page] == []
    assert "What matters &lt;i&gt;most&lt;/i&gt; to you?" in page
    assert "Kind &amp; short." in page
    assert re.search(r"<script|\son\w+=|<i>|<link|src=", page) is None
    assert AuditEvent.objects.filter(verb="export", actor_id=people.volunteer.pk).count() == 1


def test_nothing_of_others_is_in_it(people, say):
    say("only mine")
    assert "only mine" in "".join(own_html.as_html(people.volunteer))
    assert "only mine" not in "".join(own_html.as_html(people.peer))
