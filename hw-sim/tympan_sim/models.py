"""The printers that can be simulated, as data.

Owns what differs between models: dots, speed, buffer, paper, the commands and the limits of each. It must stay cheap
to import (no NumPy, no Pillow): the process that uses a simulated printer reads it, the simulation runs elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

UM_PER_INCH = 25_400


@dataclass(frozen=True, slots=True)
class EscPosTraits:
    """What an ESC/POS printer of one model understands, and where it breaks.

    Attributes:
        print_width_dots: Dots the head can mark.
        paper_width_dots: Width of the roll at the same pitch.
        unit_dpi: Motion units an inch, across and along: what ``n`` means in ``ESC J``, ``ESC 3``, ``ESC $``, ``GS L``.
        line_spacing_dots: Feed of a line after ``ESC 2``.
        fonts: Cells of fonts A and B, (width, height) in dots.
        head_dots: Rows one dot of an 8-dot column image covers (``ESC *`` modes 0 and 1).
        column_modes: Modes of ``ESC *`` it knows.
        raster_rows_max: Rows ``GS v 0`` may declare; 0 where it does not know the command. A command that declares
            more is not executed, and its data print as text.
        raster_bytes_max: Bytes of one raster that fit its memory; what comes after prints as text.
        raster_swallows_at: A clone's bug: after a raster with a multiple of this many rows it takes the next so
            many rows' bytes for more of the image. 0: sound.
        graphics_rows_max: Rows ``GS ( L`` may store; 0 where it does not know the command.
        line_start_only: Cuts, images and justification are obeyed only at the start of a line (Epson); otherwise
            what is in the line buffer is printed first (most clones).
        overprints: Paper need not move a line's height: the impact head passes twice.
        multibyte: Codec of its two-byte characters, on after power-up; empty where it has none.
        cutter: It has one.
        cutter_distance_dots: Rows from the head to the cutter.
        two_colour: ``ESC r`` and the second colour of ``GS ( L`` print red.
        completion: It knows ``GS ( H``.
        qr_code: It knows ``GS ( k``.
        bar_codes: It knows ``GS k``.
    """

    print_width_dots: int = 576
    paper_width_dots: int = 640
    unit_dpi: tuple[int, int] = (203, 203)
    line_spacing_dots: int = 30
    fonts: tuple[tuple[int, int], tuple[int, int]] = ((12, 24), (9, 17))
    head_dots: int = 3
    column_modes: tuple[int, ...] = (0, 1, 32, 33)
    raster_rows_max: int = 4095
    raster_bytes_max: int = 0xFFFF * 4095
    raster_swallows_at: int = 0
    graphics_rows_max: int = 2400
    line_start_only: bool = False
    overprints: bool = False
    multibyte: str = ""
    cutter: bool = True
    cutter_distance_dots: int = 96
    two_colour: bool = False
    completion: bool = True
    qr_code: bool = True
    bar_codes: bool = True


@dataclass(frozen=True, slots=True)
class PrinterModel:
    """One model of printer: its identity and its physics.

    Attributes:
        name: What the ``model`` of a device URI or of the command line says.
        language: What it interprets.
        make: Manufacturer, as in the device id.
        model: Model, as in the device id.
        commands: ``CMD`` of the device id.
        dpi: Dots an inch, across and along.
        speed_mm_s: How fast paper moves while it prints.
        cut_time_s: How long a cut takes.
        receive_buffer_bytes: Bytes it takes ahead of what it has printed.
        paper_mm: Length of a fresh roll, or of a full tray's sheets one after another.
        near_end_mm: Paper left at which the near-end sensor switches.
        usb_ids: Vendor and product.
        back_channel: It says anything at all; without, a USB one has no bulk IN endpoint.
        pjl_status: It answers the status readback of PJL (``INFO``, ``USTATUS``); PCL only.
        escpos: What matters only to ESC/POS.
        media: What is in the main tray of a page printer.
    """

    name: str
    language: Literal["escpos", "pcl"]
    make: str
    model: str
    commands: str
    dpi: tuple[int, int]
    speed_mm_s: float
    cut_time_s: float = 0.3
    receive_buffer_bytes: int = 65_536
    paper_mm: float = 80_000.0
    near_end_mm: float = 5_000.0
    usb_ids: tuple[int, int] = (0x04B8, 0x0202)
    back_channel: bool = True
    pjl_status: bool = True
    escpos: EscPosTraits = EscPosTraits()
    media: str = "roll"

    @property
    def device_id(self) -> str:
        """The IEEE 1284 device id."""
        return (
            f"MFG:{self.make};CMD:{self.commands};MDL:{self.model};CLS:PRINTER;DES:{self.make} {self.model};"
        )

    @property
    def commands_set(self) -> tuple[str, ...]:
        """The languages of ``CMD``, upper case."""
        return tuple(part.strip().upper() for part in self.commands.split(",") if part.strip())


_RECEIPT_80 = PrinterModel(
    name="escpos-80mm",
    language="escpos",
    make="Generic",
    model="ESC/POS 80mm",
    commands="ESC/POS",
    dpi=(203, 203),
    speed_mm_s=250.0,
)

_RECEIPT_58 = PrinterModel(
    name="escpos-58mm",
    language="escpos",
    make="Generic",
    model="ESC/POS 58mm",
    commands="ESC/POS",
    dpi=(203, 203),
    speed_mm_s=90.0,
    receive_buffer_bytes=32_768,
    paper_mm=30_000.0,
    usb_ids=(0x0416, 0x5011),
    escpos=EscPosTraits(
        print_width_dots=384, paper_width_dots=464, cutter=False, cutter_distance_dots=0, completion=False
    ),
)

_TM_T88V = PrinterModel(
    name="tm-t88v",
    language="escpos",
    make="EPSON",
    model="TM-T88V",
    commands="ESC/POS",
    dpi=(180, 180),
    speed_mm_s=300.0,
    receive_buffer_bytes=4_096,
    escpos=EscPosTraits(
        print_width_dots=512,
        paper_width_dots=567,
        unit_dpi=(180, 360),
        raster_rows_max=2303,
        graphics_rows_max=1662,
        line_start_only=True,
        cutter_distance_dots=96,
    ),
)

_TM_T88III = replace(
    _TM_T88V,
    name="tm-t88iii",
    model="TM-T88III",
    speed_mm_s=150.0,
    escpos=replace(
        _TM_T88V.escpos, raster_rows_max=1650, graphics_rows_max=0, completion=False, qr_code=False
    ),
)

_TM_M30 = PrinterModel(
    name="tm-m30",
    language="escpos",
    make="EPSON",
    model="TM-m30",
    commands="ESC/POS",
    dpi=(203, 203),
    speed_mm_s=200.0,
    receive_buffer_bytes=65_536,
    usb_ids=(0x04B8, 0x0E1F),
    escpos=EscPosTraits(
        unit_dpi=(203, 203), raster_rows_max=2303, line_start_only=True, cutter_distance_dots=104
    ),
)

_ZJ_5890 = PrinterModel(
    name="zj-5890",
    language="escpos",
    make="Zijiang",
    model="POS-5890K",
    commands="ESC/POS",
    dpi=(203, 203),
    speed_mm_s=90.0,
    receive_buffer_bytes=32_768,
    paper_mm=30_000.0,
    usb_ids=(0x0416, 0x5011),
    escpos=EscPosTraits(
        print_width_dots=384,
        paper_width_dots=464,
        column_modes=(0, 1, 32, 33),
        raster_bytes_max=65_536,
        raster_swallows_at=48,
        graphics_rows_max=0,
        multibyte="gb18030",
        cutter=False,
        cutter_distance_dots=0,
        completion=False,
        qr_code=False,
    ),
)

_TM_U220 = PrinterModel(
    name="tm-u220",
    language="escpos",
    make="EPSON",
    model="TM-U220",
    commands="ESC/POS",
    dpi=(160, 72),
    speed_mm_s=20.0,
    receive_buffer_bytes=4_096,
    paper_mm=30_000.0,
    escpos=EscPosTraits(
        print_width_dots=400,
        paper_width_dots=479,
        unit_dpi=(160, 144),
        line_spacing_dots=12,
        fonts=((10, 9), (12, 9)),
        head_dots=1,
        column_modes=(0, 1),
        raster_rows_max=0,
        graphics_rows_max=0,
        line_start_only=True,
        overprints=True,
        cutter_distance_dots=40,
        two_colour=True,
        completion=False,
        qr_code=False,
        bar_codes=False,
    ),
)

_PCL_LASER = PrinterModel(
    name="pcl-laser",
    language="pcl",
    make="Generic",
    model="PCL Laser",
    commands="PJL,PCL5E,PCL",
    dpi=(600, 600),
    speed_mm_s=20 * 297 / 60,  # 20 pages a minute
    receive_buffer_bytes=2 * 1024 * 1024,
    paper_mm=250 * 297.0,
    near_end_mm=20 * 297.0,
    usb_ids=(0x03F0, 0x0117),
    media="iso_a4_210x297mm",
)

_CLONE_80 = replace(
    _RECEIPT_80,
    name="clone-80mm",
    model="POS-80",
    usb_ids=(0x0416, 0x5011),
    escpos=replace(_RECEIPT_80.escpos, completion=False),
)
"""It answers status requests and does not know ``GS ( H``."""

_MUTE_80 = replace(
    _CLONE_80, name="mute-80mm", model="POS-80 one-way", usb_ids=(0x1FC9, 0x2016), back_channel=False
)
"""It never says anything: its cable has no wire back."""

_PLAIN_LASER = replace(
    _PCL_LASER,
    name="pcl-laser-plain",
    model="PCL Laser without PJL status",
    usb_ids=(0x03F0, 0x0217),
    pjl_status=False,
)
"""It takes PJL and answers none of it."""

_MUTE_LASER = replace(
    _PLAIN_LASER,
    name="pcl-laser-mute",
    model="PCL Laser on a one-way cable",
    usb_ids=(0x03F0, 0x0317),
    back_channel=False,
)
"""A laser behind a USB-to-parallel cable that only goes one way."""

MODELS: Mapping[str, PrinterModel] = {
    model.name: model
    for model in (
        _RECEIPT_80,
        _RECEIPT_58,
        _CLONE_80,
        _MUTE_80,
        _TM_T88III,
        _TM_T88V,
        _TM_M30,
        _ZJ_5890,
        _TM_U220,
        _PCL_LASER,
        _PLAIN_LASER,
        _MUTE_LASER,
    )
}
"""Every model by its name."""

PRESETS: Mapping[str, str] = {"receipt": "escpos-80mm", "laser": "pcl-laser"}
"""Names of ``sim://NAME`` that need no ``model=``."""


PROFILES: Mapping[str, str] = {
    "generic-58mm": "escpos-58mm",
    "generic-80mm": "escpos-80mm",
    "tm-m30": "tm-m30",
    "tm-t88": "tm-t88v",
    "tm-t88iii": "tm-t88iii",
    "tm-u220": "tm-u220",
    "zijiang": "zj-5890",
    "generic-pcl5-300": "pcl-laser",
    "generic-pcl5e": "pcl-laser",
    "generic-pcl5e-duplex": "pcl-laser",
    "generic-pcl5e-narrow-margins": "pcl-laser",
    "laserjet-4": "pcl-laser",
}
"""The model of ``sim://NAME`` without ``model=``, by the profile of the printer that it stands for."""


def adapted(model: PrinterModel, *, width_dots: int | None = None, dpi: int | None = None) -> PrinterModel:
    """Return `model` with another head.

    Args:
        model: Where to start from.
        width_dots: Dots the head can mark, 8 to 2400; ESC/POS only.
        dpi: Dots an inch both ways, 75 to 1200.

    Raises:
        ValueError: A number is out of its range, or a width was asked of a page printer.
    """
    if dpi is not None:
        if not 75 <= dpi <= 1200:
            raise ValueError(f"resolution must be 75 to 1200 dpi, not {dpi}")
        model = replace(model, dpi=(dpi, dpi), escpos=replace(model.escpos, unit_dpi=(dpi, dpi)))
    if width_dots is not None:
        if model.language != "escpos":
            raise ValueError("only an ESC/POS printer has a width in dots")
        if not 8 <= width_dots <= 2400:
            raise ValueError(f"width must be 8 to 2400 dots, not {width_dots}")
        border = model.escpos.paper_width_dots - model.escpos.print_width_dots
        traits = replace(model.escpos, print_width_dots=width_dots, paper_width_dots=width_dots + border)
        model = replace(model, escpos=traits)
    return model
