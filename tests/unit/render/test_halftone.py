import numpy as np
import pytest
from PIL import Image
from rendering import A4, a4, receipt

from tympan.driver.ticket import JobTicket
from tympan.render.blue_noise import MASK_SIZE, mask, void_and_cluster
from tympan.render.halftone import Halftone, Method, choose, tone_curve


def dots(halftone, grey, band_rows, *, sharp=True):
    halftone.restart()
    parts = [halftone.push(grey[at : at + band_rows], sharp=sharp) for at in range(0, len(grey), band_rows)]
    parts.append(halftone.flush())
    return np.unpackbits(np.concatenate(parts), axis=1)[:, : grey.shape[1]]


def test_the_mask_is_what_its_generator_makes():
    np.testing.assert_array_equal(mask(), void_and_cluster())


def test_the_mask_holds_every_threshold_equally_often():
    counts = np.bincount(mask().ravel(), minlength=256)
    assert counts[0] == 0
    assert set(counts[1:]) <= {64, 65}


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8])
def test_the_mask_has_no_low_frequencies(share):
    pattern = (mask() > 255 - 255 * share).astype(float)
    power = np.abs(np.fft.fft2(pattern - pattern.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(MASK_SIZE)[:, None], np.fft.fftfreq(MASK_SIZE)[None])
    principal = np.sqrt(min(share, 1 - share))
    low, high = power[(radius > 0) & (radius < principal / 4)].mean(), power[radius > 0.6 * principal].mean()
    assert low < 0.05 * high


@pytest.mark.parametrize(
    ("method", "grey"),
    [
        *((Method.ORDERED, grey) for grey in (0, 1, 20, 64, 128, 200, 250, 254, 255)),
        *((Method.CLUSTERED, grey) for grey in (0, 1, 20, 64, 128, 200, 250, 254, 255)),
        *((Method.DIFFUSION, grey) for grey in (0, 20, 64, 128, 200, 235, 255)),
    ],
)
def test_the_mean_tone_is_the_grey_value(method, grey):
    bits = dots(Halftone(512, method), np.full((512, 512), grey, np.uint8), 100)
    assert bits.mean() == pytest.approx(1 - grey / 255, abs=0.003)


@pytest.mark.parametrize("width", [1, 7, 8, 9, 100, 127, 128, 129, 576, 1003])
@pytest.mark.parametrize("method", list(Method))
def test_every_width_is_packed_with_its_padding_white(method, width):
    halftone = Halftone(width, method)
    packed = np.concatenate((halftone.push(np.zeros((5, width), np.uint8), sharp=True), halftone.flush()))
    bits = np.unpackbits(packed, axis=1)
    assert bits.shape == (5, (width + 7) // 8 * 8)
    assert bits[:, :width].all()
    assert not bits[:, width:].any()


@pytest.mark.parametrize("method", [Method.ORDERED, Method.CLUSTERED])
def test_ordered_bands_are_those_of_the_whole(method):
    grey = np.random.default_rng(3).integers(0, 256, (700, 333), np.uint8)
    whole = dots(Halftone(333, method), grey, 700)
    for rows in (1, 7, 64, 128, 300):
        np.testing.assert_array_equal(dots(Halftone(333, method), grey, rows), whole)


@pytest.mark.parametrize("rows", [1, 2, 16, 100])
def test_edges_do_not_depend_on_bands(rows):
    grey = np.random.default_rng(4).choice(np.array([0, 120, 255], np.uint8), (150, 200))
    np.testing.assert_array_equal(
        dots(Halftone(200), grey, rows, sharp=False), dots(Halftone(200), grey, 150, sharp=False)
    )


@pytest.mark.parametrize("band", [1, 50, 128])
def test_diffusion_does_not_depend_on_bands(band):
    grey = np.random.default_rng(6).integers(0, 256, (600, 576), np.uint8)
    np.testing.assert_array_equal(
        dots(Halftone(576, Method.DIFFUSION), grey, band), dots(Halftone(576, Method.DIFFUSION), grey, 600)
    )


def test_diffusion_is_pillows_within_a_stretch():
    grey = np.random.default_rng(7).integers(0, 256, (300, 200), np.uint8)
    expected = ~np.asarray(Image.fromarray(grey).convert("1"))
    np.testing.assert_array_equal(dots(Halftone(200, Method.DIFFUSION), grey, 70), expected)


@pytest.mark.parametrize("grey", [40, 100, 128, 190, 215])
def test_where_stretches_meet_the_tone_stays(grey, monkeypatch):
    monkeypatch.setattr("tympan.render.halftone.STRETCH_BYTES", 800 * 64)
    bits = dots(Halftone(800, Method.DIFFUSION), np.full((64 * 20, 800), grey, np.uint8), 64)
    tone = bits.mean(axis=1)
    around = np.array([tone[at - 4 : at + 4].mean() for at in range(64, len(tone), 64)])
    assert np.abs(around - (1 - grey / 255)).max() < 0.03
    assert not any(bits[at - 1 : at + 1].all(axis=0).mean() > 0.9 for at in range(64, len(tone), 64))


def test_a_smoothed_edge_comes_out_hard():
    grey = np.full((64, 64), 255, np.uint8)
    grey[:, 20:40] = 0
    grey[:, 19] = 100  # smoothed: mostly black
    grey[:, 40] = 220  # smoothed: mostly white
    bits = dots(Halftone(64), grey, 64, sharp=False)
    assert bits[:, 19:40].all()
    assert not bits[:, 40:].any()
    fringe = dots(Halftone(64), grey, 64, sharp=True)
    assert 0 < fringe[:, 19].mean() < 1, "without looking for edges it is a fringe of dots"


def test_flat_greys_are_not_taken_for_edges():
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None], 256, axis=0)
    np.testing.assert_array_equal(
        dots(Halftone(256), ramp, 64, sharp=False), dots(Halftone(256), ramp, 64, sharp=True)
    )


def test_dot_gain_is_made_up_for():
    gain = 0.6
    for grey in (60, 128, 200):
        asked = dots(Halftone(400, dot_gain=gain), np.full((400, 400), grey, np.uint8), 400).mean()
        # White is what none of the dots covers; each takes 1 + gain pixels instead of one.
        printed = 1 - np.exp((1 + gain) * np.log1p(-asked))
        assert printed == pytest.approx(1 - grey / 255, abs=0.01)


def test_the_tone_curve_rises_and_keeps_its_ends():
    for gain in (0.0, 0.3, 1.0):
        curve = tone_curve(gain).astype(int)
        assert curve[0] == 0
        assert curve[255] == 255
        assert (np.diff(curve) >= 0).all()
    assert (tone_curve(0) == np.arange(256)).all()


@pytest.mark.parametrize("gain", [0.1, 0.5])
def test_the_curve_on_the_mask_is_the_curve_on_the_pixels(gain):
    grey = np.random.default_rng(5).integers(0, 256, (300, 300), np.uint8)
    curved = dots(Halftone(300), tone_curve(gain)[grey], 300)
    np.testing.assert_array_equal(dots(Halftone(300, dot_gain=gain), grey, 300), curved)


@pytest.mark.parametrize(
    ("page", "ticket", "method"),
    [
        (receipt(), {}, Method.ORDERED),
        (receipt(), {"print_color_mode": "bi-level"}, Method.THRESHOLD),
        (receipt(), {"print_content_optimize": "photo"}, Method.DIFFUSION),
        (receipt(), {"print_content_optimize": "photo", "print_color_mode": "bi-level"}, Method.THRESHOLD),
        (a4(), {"print_content_optimize": "photo"}, Method.CLUSTERED),
        (a4(), {"print_content_optimize": "photo", "print_quality": 5}, Method.DIFFUSION),
        (a4(), {"print_content_optimize": "text"}, Method.CLUSTERED),
        (a4(), {"print_content_optimize": "something-new"}, Method.CLUSTERED),
        (a4(), {"print_quality": 5}, Method.ORDERED),
    ],
)
def test_the_job_chooses_the_method(page, ticket, method):
    assert choose(JobTicket(1, A4, **ticket), page) is method
