"""The welcome of ``make run``: a page on each printer, printed over IPP as any client would, and where to look."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tympan.cli.client import LOCAL_HOSTS, IppClient
from tympan.cli.follow import JobView, follow
from tympan.cli.own_command import option_for, own_command
from tympan.cli.progress import Progress
from tympan.cli.sample import sample_page
from tympan.cli.submit import Submission, submit
from tympan.config import ServerSettings
from tympan.errors import TympanError
from tympan.ipp.enums import JobState


class Listening(Protocol):
    """What the service says of itself once it listens."""

    @property
    def printers(self) -> Mapping[str, str]:
        """``ipp:`` URIs of the printers by name, on this machine."""
        ...

    @property
    def addresses(self) -> Sequence[tuple[str, int]]:
        """Host and port of each socket."""
        ...

    @property
    def web(self) -> str:
        """``http:`` URI of the status page, on this machine."""
        ...


class Welcome:
    """Greets once the service listens.

    Args:
        server: Where the service keeps its state, as the pictures of simulated printers, and its socket.
        simulated: The printers are simulated, so there are pictures to point to.
        pages: Print a page on each printer.
    """

    def __init__(self, server: ServerSettings, *, simulated: bool, pages: bool) -> None:
        self._state_dir = Path(server.state_dir)
        self._socket_path = server.socket_path
        self._simulated = simulated
        self._pages = pages
        self._command = own_command()

    async def __call__(self, listening: Listening) -> None:
        """Print the pages, one printer after the other, and say what there is. Blocks no loop: the client has a thread."""
        print(f"\ntympan listens: {listening.web}", flush=True)
        for name, uri in listening.printers.items():
            outcome = (
                await asyncio.to_thread(self._print, name, uri, listening.web)
                if self._pages
                else self._earlier(name)
            )
            print(f"\n  {name:<10} {uri}\n{outcome}", flush=True)
        first_name, first_uri = next(iter(listening.printers.items()), ("", ""))
        if first_uri:
            own_uri = f"ipp://{first_uri.split('/')[2]}"
            option = await asyncio.to_thread(option_for, self._socket_path, own_uri)
            print(
                f"\nPrint with:  {self._command} print FILE{option}\n"
                f"        or:  ipptool -tf FILE {first_uri} print-job.test\n"
                f"        or:  lpadmin -p {first_name} -E -v {first_uri} -m everywhere && lp -d {first_name} FILE",
                flush=True,
            )
        if any(host not in LOCAL_HOSTS for host, _ in listening.addresses):
            print(
                "Whoever reaches this machine can print; to listen for itself alone: --listen 127.0.0.1:8631 "
                "(`make run LISTEN=127.0.0.1:8631`)."
            )
        print("Stop with Ctrl-C.", flush=True)

    def _earlier(self, name: str) -> str:
        return f"    its pictures: {self._state_dir / 'simulated' / name}" if self._simulated else ""

    def _print(self, name: str, uri: str, web: str) -> str:
        try:
            with IppClient(uri) as client:
                page = sample_page(
                    client,
                    subtitle="Welcome: this page came over the network, as IPP, and was printed.",
                    hints=(f"{self._command} print -P {name} FILE", f"More at {web}"),
                )
                accepted = submit(client, Submission("Welcome", "application/pdf"), [page])
                job = follow(client, accepted.attributes.integer("job-id") or 0, Progress(quiet=True))
        except TympanError as error:
            return f"    the welcome page was not printed: {error}"
        return self._outcome(name, job)

    def _outcome(self, name: str, job: JobView) -> str:
        number = job.attributes.integer("job-id")
        lines = [f"    welcome page: job {number}, {job.sentence()}"]
        if self._simulated and job.state == JobState.COMPLETED:
            folder = self._state_dir / "simulated" / name
            pictures = sorted(folder.glob(f"{number}-*.png"))
            lines.append(f"    its picture:  {pictures[0] if pictures else folder}")
        return "\n".join(lines)
