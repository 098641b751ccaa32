"""The printer description attributes that do not change while a printer runs (RFC 8011 §5.4, PWG 5100.12, 5100.14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tympan import __version__
from tympan.driver.contract import Capabilities
from tympan.ipp import Attribute, Operation, RangeOfInteger
from tympan.service.conformance import features_supported, versions_supported
from tympan.service.formats import IMAGE_MAX_SIDE_PX, OCTET_STREAM, PREFERRED_FORMAT, supported_formats
from tympan.service.job_password import ENCRYPTIONS, MAX_OCTETS, PASSWORD_ATTRIBUTES
from tympan.service.scheduling import settable_attributes
from tympan.service.template import DOCUMENT_TEMPLATE, Template

IPP_VERSIONS = ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
"""Versions of requests that are understood."""

UTF_8 = "utf-8"

CHARSETS = (UTF_8, "us-ascii")
"""``charset-supported``."""

COMPRESSIONS = ("none", "gzip", "deflate")

WHICH_JOBS = (
    "completed",
    "not-completed",
    "aborted",
    "all",
    "canceled",
    "pending",
    "pending-held",
    "processing",
    "processing-stopped",
    "proof-print",
)

JOB_CREATION_OPERATION_ATTRIBUTES = (
    "compression",
    "document-format",
    "document-name",
    "ipp-attribute-fidelity",
    "job-k-octets",
    "job-name",
    *PASSWORD_ATTRIBUTES,
    "requesting-user-name",
)
"""What ``job-creation-attributes-supported`` names besides the job template, PWG 5100.7 §6.9."""

DOCUMENT_CREATION_OPERATION_ATTRIBUTES = (
    "compression",
    "document-format",
    "document-name",
    "document-natural-language",
)
"""What ``document-creation-attributes-supported`` names besides the document template, PWG 5100.5."""

REFERENCE_URI_SCHEMES = ("http", "https")
"""``reference-uri-schemes-supported``: from where documents are fetched; ftp has no way to say that it is not to be read."""

NATURAL_LANGUAGE = "en"

LANDSCAPE = 4
"""``landscape-orientation-requested-preferred``: wide pages are turned anticlockwise, as the layout does by itself."""

MOPRIA_VERSION = "1.3"
"""``mopria-certified``, not registered: the version of Mopria's rules that Android's print service looks for."""

IDENTIFY_DISPLAY = "display"
"""Every printer's ``identify-actions-supported``: the message is shown as its state message, on its page and by ``tympan status``."""

IDENTIFY_FLASH = "flash"
"""``identify-actions-supported`` where a panel has a light."""

IDENTIFY_SOUND = "sound"
"""``identify-actions-supported`` where a panel has a buzzer."""


def identify_default(supported: Sequence[str]) -> tuple[str, ...]:
    """``identify-actions-default``: all that makes no noise."""
    return tuple(action for action in supported if action != IDENTIFY_SOUND)


@dataclass(frozen=True, slots=True)
class PrinterIdentity:
    """What a printer is called and where it is.

    Attributes:
        name: ``printer-name``, also the last part of its URI.
        info: ``printer-info``.
        location: ``printer-location``.
        geo_location: ``printer-geo-location``, a ``geo:`` URI, or empty.
        organization: ``printer-organization``.
        organizational_unit: ``printer-organizational-unit``.
        uuid: ``printer-uuid`` without its prefix.
        device_id: ``printer-device-id``; empty: the driver's.
        make_and_model: ``printer-make-and-model``; empty: the driver's.
    """

    name: str
    info: str
    location: str
    geo_location: str
    organization: str
    organizational_unit: str
    uuid: str
    device_id: str = ""
    make_and_model: str = ""


def description_attributes(
    identity: PrinterIdentity,
    capabilities: Capabilities,
    template: Template,
    *,
    operations: Sequence[Operation],
    max_document_bytes: int,
    multiple_operation_timeout_s: int,
    identify_actions: Sequence[str] = (IDENTIFY_DISPLAY,),
) -> list[Attribute]:
    """Every description attribute that stays the same while the printer runs.

    Args:
        identity: Its names.
        capabilities: What it can do.
        template: Its job template table.
        operations: What the endpoint answers.
        max_document_bytes: The longest document it accepts.
        multiple_operation_timeout_s: ``multiple-operation-time-out``.
        identify_actions: ``identify-actions-supported``.
    """
    formats = supported_formats(capabilities.native_formats)
    k_octets = RangeOfInteger(0, min(max_document_bytes // 1024, 2**31 - 1))
    make_and_model = identity.make_and_model or capabilities.make_and_model
    geo = (
        Attribute.uri("printer-geo-location", identity.geo_location)
        if identity.geo_location
        else Attribute.unknown("printer-geo-location")
    )
    return [
        Attribute.charset("charset-configured", UTF_8),
        Attribute.charset("charset-supported", *CHARSETS),
        Attribute.boolean("color-supported", capabilities.color),
        Attribute.keyword("compression-supported", *COMPRESSIONS),
        Attribute.keyword(
            "document-creation-attributes-supported",
            *DOCUMENT_TEMPLATE,
            *DOCUMENT_CREATION_OPERATION_ATTRIBUTES,
        ),
        Attribute.mime("document-format-default", OCTET_STREAM),
        Attribute.mime("document-format-preferred", PREFERRED_FORMAT),
        Attribute.mime("document-format-supported", *formats),
        Attribute.language("generated-natural-language-supported", NATURAL_LANGUAGE),
        Attribute.keyword("identify-actions-default", *identify_default(identify_actions)),
        Attribute.keyword("identify-actions-supported", *identify_actions),
        Attribute.keyword("ipp-features-supported", *features_supported(operations, template.names())),
        Attribute.keyword("ipp-versions-supported", *versions_supported(operations, template.names())),
        Attribute.keyword(
            "job-creation-attributes-supported", *template.names(), *JOB_CREATION_OPERATION_ATTRIBUTES
        ),
        Attribute.boolean("job-ids-supported", True),
        Attribute.range("job-k-octets-supported", k_octets),
        Attribute.keyword("jpeg-features-supported", "cmyk", "progressive"),
        Attribute.range("jpeg-k-octets-supported", k_octets),
        Attribute.range("jpeg-x-dimension-supported", (1, IMAGE_MAX_SIDE_PX)),
        Attribute.range("jpeg-y-dimension-supported", (1, IMAGE_MAX_SIDE_PX)),
        Attribute.enum("landscape-orientation-requested-preferred", LANDSCAPE),
        Attribute.keyword("job-password-encryption-supported", *ENCRYPTIONS),
        Attribute.range("job-password-length-supported", RangeOfInteger(1, MAX_OCTETS)),
        Attribute.keyword("job-password-repertoire-configured", "iana_utf-8_any"),
        Attribute.keyword("job-password-repertoire-supported", "iana_utf-8_any"),
        Attribute.integer("job-password-supported", MAX_OCTETS),
        Attribute.keyword("job-settable-attributes-supported", *settable_attributes(template)),
        Attribute.boolean("multiple-document-jobs-supported", True),
        Attribute.integer("multiple-operation-time-out", multiple_operation_timeout_s),
        Attribute.keyword("multiple-operation-time-out-action", "abort-job"),
        Attribute.text("mopria-certified", MOPRIA_VERSION),
        Attribute.language("natural-language-configured", NATURAL_LANGUAGE),
        Attribute.enum("operations-supported", *sorted(operations)),
        Attribute.integer("pages-per-minute", capabilities.pages_per_minute),
        *(
            (Attribute.integer("pages-per-minute-color", capabilities.pages_per_minute),)
            if capabilities.color
            else ()
        ),
        Attribute.range("pdf-k-octets-supported", k_octets),
        Attribute.keyword(
            "pdf-versions-supported", "adobe-1.3", "adobe-1.4", "adobe-1.5", "adobe-1.6", "iso-32000-1_2008"
        ),
        Attribute.keyword("pdl-override-supported", "attempted"),
        Attribute.boolean("preferred-attributes-supported", False),
        Attribute.text("printer-device-id", identity.device_id or capabilities.device_id),
        Attribute.name_string("printer-firmware-name", "tympan"),
        Attribute.text("printer-firmware-patches", ""),
        Attribute.text("printer-firmware-string-version", __version__),
        Attribute.octets("printer-firmware-version", __version__.encode()),
        geo,
        Attribute.keyword("printer-get-attributes-supported", "document-format"),
        Attribute.text("printer-info", identity.info or identity.name),
        Attribute.boolean("printer-is-shared", True),
        Attribute.keyword("printer-kind", *capabilities.kind),
        Attribute.text("printer-location", identity.location),
        Attribute.text("printer-make-and-model", make_and_model),
        Attribute.name_string("printer-name", identity.name),
        Attribute.text("printer-organization", identity.organization),
        Attribute.text("printer-organizational-unit", identity.organizational_unit),
        Attribute.keyword("printer-service-type", "print"),
        Attribute.uri("printer-uuid", f"urn:uuid:{identity.uuid}"),
        *_raster_attributes(capabilities),
        Attribute.uri_scheme("reference-uri-schemes-supported", *REFERENCE_URI_SCHEMES),
        Attribute.keyword("which-jobs-supported", *WHICH_JOBS),
        *template.printer_attributes(),
    ]


def _raster_attributes(capabilities: Capabilities) -> list[Attribute]:
    resolutions = [(x, y) for x, y in capabilities.resolutions_dpi if x == y] or [(300, 300)]
    types = ["black_1", "sgray_8"] + (["srgb_8"] if capabilities.color else [])
    urf = [
        "V1.4",
        "W8",
        *(["SRGB24"] if capabilities.color else []),
        f"CP{min(capabilities.copies_max, 99)}",
        *(["DM1"] if "two-sided-long-edge" in capabilities.sides else []),
        f"PQ{'-'.join(str(quality) for quality in capabilities.print_qualities)}",
        f"RS{'-'.join(str(resolution[0]) for resolution in resolutions)}",
    ]
    return [
        Attribute.dots_per_inch("pwg-raster-document-resolution-supported", *resolutions),
        Attribute.keyword("pwg-raster-document-sheet-back", "normal"),
        Attribute.keyword("pwg-raster-document-type-supported", *types),
        Attribute.keyword("urf-supported", *urf),
    ]
