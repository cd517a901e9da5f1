from __future__ import annotations

import pytest

from peersupport.safety import (
    HelplineFileError,
    crisis_checklist,
    help_lines,
    human_panel,
    policies,
    regions,
)


def test_each_region_gives_its_lines_and_the_directory_for_everywhere():
    for code, _name in regions():
        lines = help_lines(code)
        assert lines[-1].url == "https://findahelpline.com"
        assert all(line.checked for line in lines)
    assert help_lines("gb")[0].phone == "116 123"
    assert help_lines("US")[0].phone == "988"
    assert regions()[-1][0] == "international"


def test_an_unknown_region_still_gets_help():
    assert [line.name for line in help_lines("zz")] == ["Find a Helpline"]
    assert help_lines("") == help_lines("international")


def test_an_organisation_replaces_its_region(tmp_path):
    own = tmp_path / "lines.toml"
    own.write_text('[region.gb]\nname = "UK"\n[[region.gb.line]]\nname = "Our duty phone"\nphone = "0123"\n')
    assert [line.name for line in help_lines("gb", path=own)] == ["Our duty phone", "Find a Helpline"]
    assert help_lines("us", path=own) == help_lines("us")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("nonsense", "TOML"),
        ('[region.gb]\nname = "UK"\n', "no line"),
        ('[[region.gb.line]]\nphone = "1"\n', "without a name"),
        ('[[region.gb.line]]\nname = "x"\n', "phone, text or url"),
        ('[[region.gb.line]]\nname = "x"\nphone = "1"\nfax = "2"\n', "fax"),
        ('[[region.gb.line]]\nname = "x"\nurl = "javascript:alert(1)"\n', "https"),
        ("", "names no region"),
    ],
)
def test_a_wrong_file_says_what_to_mend(tmp_path, content, wanted):
    own = tmp_path / "lines.toml"
    own.write_text(content)
    with pytest.raises(HelplineFileError, match=wanted):
        help_lines("gb", path=own)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(HelplineFileError, match=r"gone\.toml"):
        help_lines("gb", path=tmp_path / "gone.toml")


def test_checklist_leads_from_noticing_to_a_kind_close():
    assert [item.key for item in crisis_checklist()] == ["notice", "ask", "refer", "close"]
    assert [item.key for item in crisis_checklist("assess_and_refer")][2] == "safety"
    assert {key for key, _ in policies()} == {"refer", "assess_and_refer"}
    with pytest.raises(ValueError, match="refer"):
        crisis_checklist("ignore")


def test_the_panel_for_volunteers_is_fixed_text():
    panel = human_panel()
    assert panel is human_panel()
    assert panel.title and len(panel.paragraphs) >= 2 and panel.leave_label
