"""Builds a printer from its settings: driver and profile, capabilities, paper, job template, encoded attributes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from tympan.config import PrinterSettings, Settings
from tympan.driver import registry
from tympan.driver.contract import DeviceIdentity, Driver, Transport, TransportContext
from tympan.errors import ConfigError, DeviceError, DriverError
from tympan.ipp import Operation
from tympan.ipp.registry import is_job_template
from tympan.service.answer import EncodedAttributes
from tympan.service.clock import Clock
from tympan.service.description import PrinterIdentity, description_attributes
from tympan.service.driver_memory import Chosen
from tympan.service.media import media_choices, media_col_database
from tympan.service.printer import Printer
from tympan.service.privacy import Privacy
from tympan.service.reach import Reach
from tympan.service.subscription_attributes import notification_attributes
from tympan.service.template import Template

AUTO = "auto"
"""The driver that is chosen by what the device says it is."""


class DeviceAwayError(ConfigError):
    """The driver is chosen by what the device says it is, and it cannot be asked now: it is away, in use, or we may not."""


def build_printer(
    settings: Settings,
    printer: PrinterSettings,
    *,
    service_uuid: uuid.UUID,
    operations: Sequence[Operation],
    clock: Clock,
    is_default: bool,
    chosen: Chosen | None = None,
) -> tuple[Printer, Transport]:
    """A printer and the transport to its device.

    Args:
        settings: The configuration.
        printer: What is said of this printer.
        service_uuid: What the printer's own UUID is made of.
        operations: What it answers.
        clock: The time.
        is_default: It is the default printer.
        chosen: What ``auto`` stood for when the device was last asked.

    Raises:
        DeviceAwayError: The driver is to be chosen by the device, which cannot be asked and was not before.
        ConfigError: Driver, profile, device, paper or defaults are not what there is.
    """
    state_dir = Path(settings.server.state_dir)
    try:
        if printer.driver == AUTO:
            transport = registry.open_transport(printer.device, TransportContext(printer.name, state_dir))
            driver, profile = _asked(printer, transport, chosen)
            capabilities = driver.capabilities(profile)
        else:
            driver = registry.find_driver(printer.driver)
            profile = printer.profile or next(iter(driver.profiles()))
            capabilities = driver.capabilities(profile)
            context = TransportContext(printer.name, state_dir, profile)
            transport = registry.open_transport(printer.device, context)
    except DriverError as error:
        raise ConfigError(str(error), key=f"printers.{printer.name}") from error
    media = media_choices(
        capabilities, printer.media_ready, str(printer.defaults.get("media", "")), printer.name
    )
    template = Template(
        capabilities,
        media,
        defaults=printer.defaults,
        printer=printer.name,
        max_copies=settings.limits.max_copies,
    )
    identity = PrinterIdentity(
        name=printer.name,
        info=printer.info or printer.name,
        location=printer.location or settings.server.location,
        geo_location=settings.server.geo_location,
        organization=settings.server.organization,
        organizational_unit=settings.server.organizational_unit,
        uuid=str(uuid.uuid5(service_uuid, printer.name)),
    )
    encoded = EncodedAttributes(unasked=frozenset({"media-col-database"}), in_job_template=is_job_template)
    built = Printer(
        identity,
        driver=driver,
        profile=profile,
        capabilities=capabilities,
        template=template,
        encoded=encoded,
        clock=clock,
        is_default=is_default,
        reach=Reach.of(settings),
        copy_mark=printer.copy_mark,
    )
    describe(settings, operations, built)
    return built, transport


def describe(settings: Settings, operations: Sequence[Operation], printer: Printer) -> None:
    """Encode what stays the same while `printer` is called so and has these choices; again after either has changed."""
    printer.encoded.set_part(
        "description",
        [
            *description_attributes(
                printer.identity,
                printer.capabilities,
                printer.template,
                operations=operations,
                max_document_bytes=settings.limits.max_document_bytes,
                multiple_operation_timeout_s=settings.limits.multiple_operation_timeout_s,
                identify_actions=printer.identify_actions,
            ),
            *notification_attributes(settings.notifications),
            *Privacy(
                settings.access.job_privacy_attributes, settings.access.job_privacy_scope
            ).printer_attributes(),
            media_col_database(printer.template.media),
        ],
    )


def _asked(printer: PrinterSettings, transport: Transport, chosen: Chosen | None) -> tuple[Driver, str]:
    """The driver and profile of a printer whose driver is ``auto``: the device is asked what it is.

    Raises:
        DeviceAwayError: It cannot be asked, and was not before.
        ConfigError: No driver knows the device.
    """
    try:
        identity = registry.identity_of(printer.device) or _opened(transport)
        matched = registry.match_driver(identity)
        if matched is None and not identity.device_id and registry.knows_printers(printer.device):
            raise DeviceError("it says nothing of itself, as a printer that is still starting")
    except OSError as error:  # every DeviceError is one
        if chosen is not None:
            return registry.find_driver(chosen.driver), printer.profile or chosen.profile
        raise DeviceAwayError(
            f'driver = "auto" needs the device, which cannot be asked now ({error}); name the driver instead',
            key=f"printers.{printer.name}.driver",
        ) from error
    if matched is None:
        raise ConfigError(
            f"no driver knows a device that says of itself {identity.device_id!r}; name driver and profile",
            key=f"printers.{printer.name}.driver",
        )
    driver, profile = matched
    return driver, printer.profile or profile


def _opened(transport: Transport) -> DeviceIdentity:
    try:
        return transport.open()
    finally:
        transport.close()
