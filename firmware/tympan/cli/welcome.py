"""The welcome of ``make run``: a page on each printer, printed over IPP as any client would, and where to look."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tympan.cli.client import IppClient
from tympan.cli.follow import JobView, follow
from tympan.cli.progress import Progress
from tympan.cli.sample import sample_page
from tympan.cli.submit import Submission, submit
from tympan.errors import TympanError
from tympan.ipp.enums import JobState


class Listening(Protocol):
    """What the service says of itself once it listens."""

    @property
    def printers(self) -> Mapping[str, str]:
        """``ipp:`` URIs of the printers by name, on this machine."""
        ...

    @property
    def web(self) -> str:
        """``http:`` URI of the status page, on this machine."""
        ...


class Welcome:
    """Greets once the service listens.

    Args:
        state_dir: The service's state directory, where simulated printers put their pictures.
        simulated: The printers are simulated, so there are pictures to point to.
    """

    def __init__(self, state_dir: Path, *, simulated: bool) -> None:
        self._state_dir = state_dir
        self._simulated = simulated

    async def __call__(self, listening: Listening) -> None:
        """Print the pages, one printer after the other, and say what there is. Blocks no loop: the client has a thread."""
        print(f"\ntympan listens: {listening.web}", flush=True)
        for name, uri in listening.printers.items():
            outcome = await asyncio.to_thread(self._print, name, uri, listening.web)
            print(f"\n  {name:<10} {uri}\n{outcome}", flush=True)
        first_name, first_uri = next(iter(listening.printers.items()), ("", ""))
        if first_uri:
            authority = first_uri.split("/")[2]
            print(
                f"\nPrint with:  tympan print FILE --uri ipp://{authority}\n"
                f"        or:  ipptool -tf FILE {first_uri} print-job.test\n"
                f"        or:  lpadmin -p {first_name} -E -v {first_uri} -m everywhere && lp -d {first_name} FILE\n"
                "Stop with Ctrl-C.",
                flush=True,
            )

    def _print(self, name: str, uri: str, web: str) -> str:
        try:
            with IppClient(uri) as client:
                page = sample_page(
                    client,
                    subtitle="Welcome: this page came over the network, as IPP, and was printed.",
                    hints=(f"tympan print -P {name} FILE", f"More at {web}"),
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
