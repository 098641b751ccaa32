"""Device URIs, taken apart with messages that name the mistake.

It owns the general form, ``SCHEME://HOST:PORT/PATH?OPTION=VALUE``, and the check of options against a table; what a
scheme makes of them is the transport's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from tympan.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DeviceUri:
    """A device URI in its parts.

    Attributes:
        uri: As it was written.
        scheme: Lower case.
        host: Host, or what stands in its place; without brackets; empty where there is none.
        port: Port, None where there is none.
        path: With its leading slash, percent signs undone.
        options: What stands behind the question mark.
    """

    uri: str
    scheme: str
    host: str
    port: int | None
    path: str
    options: Mapping[str, str]

    def choice(self, option: str, choices: Collection[str], otherwise: str) -> str:
        """The value of an option that has few.

        Raises:
            ConfigError: It has another one.
        """
        value = self.options.get(option, otherwise)
        if value not in choices:
            raise ConfigError(f"{self.uri}: {option}={value!r} is not one of {', '.join(choices)}")
        return value

    def number(self, option: str, otherwise: int, minimum: int, maximum: int) -> int:
        """The value of an option that is a whole number.

        Raises:
            ConfigError: It is none, or out of range.
        """
        text = self.options.get(option)
        if text is None:
            return otherwise
        if not (text.isascii() and text.isdigit() and minimum <= int(text) <= maximum):
            raise ConfigError(f"{self.uri}: {option}={text!r} is no whole number from {minimum} to {maximum}")
        return int(text)


def parse_device_uri(uri: str, options: Collection[str] = ()) -> DeviceUri:
    """Take a device URI apart.

    Args:
        uri: What was configured.
        options: The options that this scheme knows.

    Raises:
        ConfigError: It is no URI, or has an option that is not known, or one twice.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{uri!r} is no device URI: {error}") from error
    if not parts.scheme:
        raise ConfigError(f"{uri!r} is no device URI: it begins with a scheme, such as usb: or serial:")
    if parts.fragment:
        raise ConfigError(f"{uri}: what stands behind '#' means nothing here")
    found: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in options:
            known = f"; there are: {', '.join(sorted(options))}" if options else "; there are none"
            raise ConfigError(f"{uri}: there is no option {name!r}{known}")
        if name in found:
            raise ConfigError(f"{uri}: option {name!r} is given twice")
        found[name] = value
    host = parts.netloc.rpartition("@")[2]
    if port is not None:
        host = host.rpartition(":")[0]
    if parts.netloc.startswith("["):
        host = host.strip("[]")
    return DeviceUri(uri, parts.scheme.lower(), unquote(host), port, unquote(parts.path), found)
