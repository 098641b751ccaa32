"""``tympan add``: make a printer of a device, while the service runs (Create-Printer, PWG 5100.22)."""

from __future__ import annotations

import argparse

from tympan.cli.arguments import add_uri, service_client
from tympan.cli.client import IppClient
from tympan.cli.errors import UsageError
from tympan.ipp import Attribute, AttributeGroup, Collection, GroupTag, Operation


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        "name", metavar="NAME", help="its name in the URI: small letters, digits, hyphens, underscores"
    )
    parser.add_argument(
        "device",
        metavar="DEVICE",
        nargs="?",
        default="",
        help="device URI, as `tympan devices` lists them; default: the one device that is plugged in",
    )
    parser.add_argument(
        "--driver", default="auto", help="the driver (default: from what the device says it is)"
    )
    parser.add_argument("--profile", default="", help="the driver's profile for this model")
    parser.add_argument("--info", default="", help="what people see; default: the name")
    parser.add_argument("--location", default="", help="where it stands")
    parser.add_argument("--default", action="store_true", help="make it the printer at /ipp/print")
    add_uri(parser)


def run(options: argparse.Namespace) -> int:
    """Make the printer."""
    device = options.device or _only_device()
    driver = f"{options.driver}.{options.profile}" if options.profile else options.driver
    operation = (
        Attribute.keyword("printer-service-type", "print"),
        Attribute.uri("smi55357-device-uri", device),
        Attribute.keyword("smi55357-driver", driver),
    )
    texts = {"printer-info": options.info, "printer-location": options.location}
    printer = [
        Attribute.name_string("printer-name", options.name),
        *(Attribute.text(name, text) for name, text in texts.items() if text),
    ]
    with service_client(options) as client:
        answer = client.call(Operation.CREATE_PRINTER, *operation, groups=[(GroupTag.PRINTER, printer)])
        made = answer.group(GroupTag.PRINTER)
        if options.default:
            _make_default(client, made.integer("printer-id") or 0)
    print(f"{options.name} prints on {device}: {_uri(made)}")
    return 0


def _only_device() -> str:
    """The URI of the device that is plugged in, where there is one and no other."""
    from tympan.driver import registry  # noqa: PLC0415 — loads every plug-in

    devices = registry.discover_devices()
    if len(devices) == 1:
        return devices[0].device_uri
    if not devices:
        raise UsageError("no device is plugged in; name one by its URI")
    listed = ", ".join(each.device_uri for each in devices)
    raise UsageError(f"several devices are plugged in; name one of {listed}")


def _make_default(client: IppClient, printer_id: int) -> None:
    attribute = Attribute.integer("system-default-printer-id", printer_id)
    client.call(Operation.SET_SYSTEM_ATTRIBUTES, groups=[(GroupTag.SYSTEM, [attribute])])


def _uri(printer: AttributeGroup) -> str:
    ways = printer.get("printer-xri-supported")
    first = ways.first if ways is not None else None
    uri = first.get("xri-uri") if isinstance(first, Collection) else None
    return str(uri.first) if uri is not None else ""
