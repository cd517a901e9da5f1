"""One language until there is another: a browser's own does not get dates and figures alone."""

from __future__ import annotations

import pytest
from django.urls import reverse


@pytest.mark.parametrize("language", ["de", "fr-CA,fr;q=0.9", "ar"])
def test_figures_do_not_follow_the_browsers_language(client, people, language):
    client.force_login(people.volunteer)
    address = reverse("feedback:evidence")
    shown = client.get(address, headers={"Accept-Language": language})
    plain = client.get(address, headers={"Accept-Language": "en"})
    assert shown.text.split("<main")[1] == plain.text.split("<main")[1]
    assert shown["Content-Language"] == "en"
