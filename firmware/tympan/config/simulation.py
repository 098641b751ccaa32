"""The settings of ``tympan serve --simulate``: two simulated printers and no file."""

from __future__ import annotations

from tympan.config.settings import Settings
from tympan.config.tables.access import AccessSettings
from tympan.config.tables.panel import PanelSettings
from tympan.config.tables.printers import PrinterSettings
from tympan.config.tables.server import SIMULATION_PORT, ServerSettings

SIMULATED_PANEL = PanelSettings(
    ready_led=17,
    error_led=27,
    buzzer=18,
    button=22,
    release_button=23,
    feed_button=24,
    paper_near_end=25,
)
"""A panel with everything but colours; the page at ``/`` shows it."""


def simulation_settings(state_dir: str, port: int = SIMULATION_PORT) -> Settings:
    """A receipt printer, the default one, and a laser printer, both simulated.

    Args:
        state_dir: Absolute path; the pictures of printed pages go to ``simulated/NAME/`` in it.
        port: TCP port to listen on, on every address; 0 takes a free one.
    """
    return Settings(
        simulated=True,
        panel=SIMULATED_PANEL,
        # A demonstration shows what it does: names of documents and users too.
        access=AccessSettings(job_privacy_attributes=("none",)),
        server=ServerSettings(listen=(f"[::]:{port}",), state_dir=state_dir, location="Simulated"),
        printers=(
            PrinterSettings(
                name="receipt",
                info="Simulated receipt printer",
                location="Simulated",
                device="sim://receipt",
                driver="escpos",
                profile="generic-80mm",
                default=True,
            ),
            PrinterSettings(
                name="laser",
                info="Simulated laser printer",
                location="Simulated",
                device="sim://laser",
                driver="pcl",
                profile="generic-pcl5e-duplex",
                media_ready={"main": "iso_a4_210x297mm"},
            ),
        ),
    )
