"""The tree of exceptions that tympan raises.

One tree, so that a caller can catch as widely as it means to. Each leaf is a domain error and also the built-in
it is nearest to, and carries what the handler of it needs::

    TympanError
    ├── IppError                    what is wrong with a message; defined in tympan.ipp
    ├── ConfigError (ValueError)    a mistake in the configuration: file, line, key
    ├── DeviceError (OSError)       the device or the way to it
    │   ├── DeviceNotFoundError     no such device now (it may come back)
    │   ├── DeviceGoneError         it was open and went away: unplugged, closed by the peer
    │   ├── DeviceBusyError         somebody else holds it
    │   └── DevicePermissionError   we are not allowed to open it
    ├── DriverError                 no such driver or profile, or a plug-in that cannot be loaded
    ├── DocumentError (ValueError)  a document that cannot be printed, with a job-state-reason and a sentence
    ├── RenderError                 the render worker died, hung or broke its protocol
    ├── SpoolError                  the spool refuses or cannot keep a job
    └── ListenError (OSError)       an address that cannot be listened on

Any other exception that leaves a public function is a bug.
"""

from __future__ import annotations


class TympanError(Exception):
    """The root: anything tympan raises on purpose."""


class ConfigError(TympanError, ValueError):
    """A mistake in the configuration.

    Attributes:
        path: The file it stands in, or the name of the environment variable.
        line: Line number from 1, or 0 where it is not known.
        key: The dotted key, such as ``printers[1].device``.
        problem: What is wrong, as a sentence.
    """

    def __init__(self, problem: str, *, path: str = "", line: int = 0, key: str = "") -> None:
        self.path = path
        self.line = line
        self.key = key
        self.problem = problem
        place = ":".join(part for part in (path, str(line) if line else "") if part)
        super().__init__(": ".join(part for part in (place, key, problem) if part))


class DeviceError(TympanError, OSError):
    """Something is wrong with a device or the way to it.

    Situations: see the subclasses; this class itself stands for an input/output error with no finer name.

    Attributes:
        device_uri: The device URI it is about.
    """

    def __init__(self, problem: str, *, device_uri: str = "") -> None:
        self.device_uri = device_uri
        self.problem = problem
        super().__init__(f"{device_uri}: {problem}" if device_uri else problem)


class DeviceNotFoundError(DeviceError, FileNotFoundError):
    """No such device now: not plugged in, name does not resolve, node is not there. It may come back."""


class DeviceGoneError(DeviceError, ConnectionError):
    """The device was open and went away: unplugged, switched off, connection closed by the peer."""


class DeviceBusyError(DeviceError):
    """Somebody else holds the device: claimed by another process, one connection only and it is taken."""


class DevicePermissionError(DeviceError, PermissionError):
    """We may not open the device: the service's user lacks the group, a udev rule is missing."""


class DriverError(TympanError, LookupError):
    """No driver or profile has this name, or the plug-in that provides it cannot be loaded."""


class DocumentError(TympanError, ValueError):
    """A document that cannot be printed as asked.

    Attributes:
        reason: The ``job-state-reasons`` keyword that says it, RFC 8011 §5.3.8 and PWG 5100.x, such as
            ``document-format-error``, ``document-password-error``, ``document-unprintable-error``.
        problem: A sentence for ``job-state-message`` that a person understands.
    """

    def __init__(self, problem: str, *, reason: str = "document-format-error") -> None:
        self.reason = reason
        self.problem = problem
        super().__init__(problem)


class RenderError(TympanError, RuntimeError):
    """The render worker died, hung, ran out of a limit or broke its protocol.

    Attributes:
        reason: The ``job-state-reasons`` keyword, such as ``aborted-by-system`` or ``document-unprintable-error``.
        problem: A sentence for ``job-state-message``.
    """

    def __init__(self, problem: str, *, reason: str = "aborted-by-system") -> None:
        self.reason = reason
        self.problem = problem
        super().__init__(problem)


class SpoolError(TympanError):
    """The spool refuses a job or cannot keep it: full disk, too many jobs, a document too large.

    Attributes:
        problem: A sentence for ``status-message``.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class ListenError(TympanError, OSError):
    """An address that cannot be listened on: it is taken, or not this machine's, or needs rights.

    Attributes:
        host: The configured host, or the path of a Unix socket.
        port: The configured port; 0 of a Unix socket.
    """

    def __init__(self, host: str, port: int, problem: str) -> None:
        self.host = host
        self.port = port
        where = host if host.startswith("/") else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__(f"cannot listen on {where}: {problem}")
