"""The ways by which clients reach a printer: its URIs, and what each of them asks for (RFC 8011 §5.4.1 to §5.4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config import Settings
from tympan.ipp import Attribute


@dataclass(frozen=True, slots=True)
class Reach:
    """What holds for every printer of the service.

    Attributes:
        plain: By ``ipp:``, without encryption.
        tls: By ``ipps:``, on the same ports.
        password: Who prints has to prove who they are.
    """

    plain: bool = True
    tls: bool = False
    password: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Reach:
        """As it is configured."""
        password = settings.access.print == "users"
        return cls(
            plain=settings.tls.mode != "required" and not password,
            tls=settings.tls.mode != "off",
            password=password,
        )

    def attributes(self, uri: str, *, is_default: bool) -> list[Attribute]:
        """``printer-uri-supported`` and its parallel attributes, which have as many values.

        Args:
            uri: The printer's URI as the client reaches it; its scheme comes first.
            is_default: It is also at ``/ipp/print``.
        """
        scheme, _, rest = uri.partition("://")
        paths = (rest, rest.partition("/ipp/")[0] + "/ipp/print") if is_default else (rest,)
        schemes = [each for each, there in (("ipp", self.plain), ("ipps", self.tls)) if there]
        schemes.sort(key=lambda each: each != scheme)
        ways = [(each, f"{each}://{path}") for each in schemes for path in paths]
        return [
            Attribute.uri("printer-uri-supported", *(each for _, each in ways)),
            Attribute.keyword(
                "uri-authentication-supported",
                *("basic" if self.password else "requesting-user-name" for _ in ways),
            ),
            Attribute.keyword(
                "uri-security-supported", *("tls" if each == "ipps" else "none" for each, _ in ways)
            ),
        ]
