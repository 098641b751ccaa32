"""What ``[panel]`` may be."""

from __future__ import annotations

import pytest

from tympan.config import PanelSettings, read


def read_panel(tmp_path, text, environ=None):
    path = tmp_path / "config.toml"
    path.write_text(f"[panel]\n{text}\n", encoding="utf-8")
    settings, mistakes = read(path, environ or {})
    return settings.panel, [(mistake.line, mistake.key, mistake.problem) for mistake in mistakes]


def test_the_example_of_the_design(tmp_path):
    panel, mistakes = read_panel(tmp_path, "ready_led = 17\nerror_led = 27\nbutton = 22")
    assert not mistakes
    assert panel.lines == {"ready_led": 17, "error_led": 27, "button": 22}
    assert panel.is_wired
    assert panel.has_light
    assert not PanelSettings().is_wired


def test_everything_at_once(tmp_path):
    panel, mistakes = read_panel(
        tmp_path,
        'rgb = [5, 6, 13]\nbuzzer = 18\ncodes = { paper = 3, cutter = 1 }\nactive_low = ["rgb", "button"]\nbutton = 4',
    )
    assert not mistakes
    assert panel.lines == {"buzzer": 18, "button": 4, "rgb[0]": 5, "rgb[1]": 6, "rgb[2]": 13}
    assert panel.codes == {"paper": 3, "cutter": 1}


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("ready_led = 28", "panel.ready_led", "28 is too large: at most 27"),
        ("ready_led = 4\nbutton = 4", "panel.button", "GPIO 4 is panel.ready_led already"),
        ("ready_led = 6\nrgb = [5, 6, 13]", "panel.rgb", "GPIO 6 is panel.ready_led already"),
        ("rgb = [5, 6]", "panel.rgb", "it takes three pins, red, green and blue, such as [5, 6, 13]"),
        ("rgb = [5, 6, 40]", "panel.rgb", "40 is no pin: GPIO 0 to 27"),
        ('rgb = ["a", "b", "c"]', "panel.rgb", "it takes a list of whole numbers, such as [5, 6, 13], not"),
        ("codes = { paper = 13 }", "panel.codes", "paper = 13: 1 to 12 blinks can be counted"),
        ("codes = { paper = 2 }", "panel.codes", "cover and paper would both be 2 blinks"),
        ("codes = { papier = 2 }", "panel.codes", "there is no code 'papier'; did you mean 'paper'?"),
        (
            'active_low = ["reddy_led"]',
            "panel.active_low",
            "'reddy_led' is none of the panel's lines; did you",
        ),
        (
            "hold_s = 9\nlong_hold_s = 10",
            "panel.long_hold_s",
            "it is at least two seconds longer than hold_s",
        ),
        ("pin_pause_ms = 1000", "panel.pin_pause_ms", "it is at least 500 longer than digit_pause_ms"),
        ('on_tap = "reboot"', "panel.on_tap", "'reboot' is none of the choices"),
        ('ready_color = "green"', "panel.ready_color", "there is no such key; did you mean 'ready_colour'?"),
        ("led = 4", "panel.led", "there is no such key"),
    ],
)
def test_mistakes_are_named(tmp_path, text, key, problem):
    _, mistakes = read_panel(tmp_path, text)
    assert len(mistakes) == 1
    line, found_key, found = mistakes[0]
    assert found_key == key
    assert found.startswith(problem)
    assert line > 1


def test_the_environment_wins(tmp_path):
    environ = {"TYMPAN_PANEL_RGB": "1,2,3", "TYMPAN_PANEL_READY_LED": "7", "TYMPAN_PANEL_ACTIVE_LOW": "rgb"}
    panel, mistakes = read_panel(tmp_path, "ready_led = 17", environ)
    assert not mistakes
    assert panel.lines == {"ready_led": 7, "rgb[0]": 1, "rgb[1]": 2, "rgb[2]": 3}
    assert panel.active_low == ("rgb",)


def test_a_printer_that_there_is_not(tmp_path):
    _, mistakes = read_panel(tmp_path, 'button = 4\nprinter = "Bad Name"')
    assert [key for _, key, _ in mistakes] == ["panel.printer"]
