"""What is on a sheet that a printer without power holds in its path."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from tympan_sim.decoder import Sheet


def torn(sheet: Sheet, printed: float) -> Sheet:
    """The sheet as it is pulled out: printed as far as it had come, white from there on.

    Args:
        sheet: As it would have been.
        printed: How much of its length, 0 to 1.
    """
    width, height = sheet.image.size
    rows = round(height * printed)
    picture = Image.new(sheet.image.mode, sheet.image.size, "white" if sheet.image.mode == "RGB" else 255)
    if rows:
        picture.paste(sheet.image.crop((0, 0, width, rows)))
    return replace(sheet, image=picture, copies=1, notes=(*sheet.notes, f"torn: printed to row {rows}"))
