import subprocess
import sys

import numpy as np
import pytest
from raster_samples import pwg, urf

from tympan.render.sniff import sniff

ROW = np.zeros((1, 8), np.uint8)


@pytest.mark.parametrize(
    ("head", "mime_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\0\0junk\r\n%PDF-1.4", "application/pdf"),
        (pwg([ROW], 8), "image/pwg-raster"),
        (pwg([ROW], 8, order="<"), "image/pwg-raster"),
        (urf([ROW], 8), "image/urf"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"%!PS-Adobe-3.0\n", "application/postscript"),
        (b"\x04%!PS-Adobe-3.0\n", "application/postscript"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
        (b"\x1bE\x1b&l26A", "application/vnd.hp-pcl"),
        (b"\x1b&l0O", "application/vnd.hp-pcl"),
        (
            b"\x1b%-12345X@PJL SET RESOLUTION=600\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE",
            "application/vnd.hp-pcl",
        ),
        (b"\x1b%-12345X@PJL\r\n@PJL ENTER LANGUAGE = POSTSCRIPT\r\n%!", "application/postscript"),
        (b"\x1b%-12345X@PJL ENTER LANGUAGE=PCLXL\r\n) HP-PCL XL", "application/vnd.hp-pclxl"),
        (b"\0\0\0\x1b%-12345X@PJL\r\n\x1bE", "application/vnd.hp-pcl"),
        (b"\x1b@Hello\n\x1dV\0", "application/vnd.escpos"),
        (b"\x1ba\x01Centred\n", "application/vnd.escpos"),
        (b"\x1d!\x11Large\n", "application/vnd.escpos"),
        (b"\x1dv0\0\x48\0\x01\0", "application/vnd.escpos"),
        (b"\x10\x04\x01", "application/vnd.escpos"),
        (b"Total 4.80\n\n\x1dVA\0", "application/vnd.escpos"),
        (b"Hello\r\n\tworld\f", "text/plain"),
        ("Größe".encode(), "text/plain"),
        ("Größe: 12 € and more".encode("cp1252"), "text/plain"),
        ("Größe".encode("utf-16"), "text/plain"),
        ("\ufeffGröße".encode(), "text/plain"),
        (("ab" * 2047 + "a").encode() + "é".encode()[:1], "text/plain"),
        (b"", None),
        (b"\0\1\2\3\4\5", None),
        (b"\x80\x81\x82\x83\x84", None),
        (b"PK\x03\x04\x14\0", None),
    ],
)
def test_the_first_bytes_tell_the_format(head, mime_type):
    assert sniff(head) == mime_type


def test_text_cut_in_the_middle_of_a_character_is_text():
    text = ("日本語" * 3000).encode()
    for length in range(1, 13):
        assert sniff(text[:length]) == "text/plain", length


def test_sniffing_does_not_import_numpy():
    code = "import sys, tympan.render.sniff; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
