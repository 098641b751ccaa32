"""What systemd and the service tell each other: readiness, state, signs of life, and sockets that are open already.

Everything here does nothing where systemd did not start the process. No library is used: the protocol is lines in datagrams
and variables of the environment (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)).
"""

from tympan.systemd.passed import PassedSocket
from tympan.systemd.unit import Unit

__all__ = ["PassedSocket", "Unit"]
