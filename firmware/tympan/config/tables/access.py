"""``[access]``."""

from __future__ import annotations

from dataclasses import dataclass

from tympan.config.checks import keywords_problem
from tympan.config.option import option


@dataclass(frozen=True)
class AccessSettings:
    """``[access]``: who may do what."""

    print: str = option(
        "Who may print: `everybody` in the network, or only `users` who have proved who they are.",
        default="everybody",
        choices=("everybody", "users"),
    )
    job_privacy_attributes: tuple[str, ...] = option(
        "What of a job others do not see: names of job attributes, `job-description`, `job-template`, `all`, `none`; `default` is the "
        "names of the job, its documents and its user.",
        default=("default",),
        problem=keywords_problem,
    )
    job_privacy_scope: str = option(
        "Who does see it: `default`, the job's owner and operators; `owner`, nobody else; `none`, nobody at all; `all`, everybody.",
        default="default",
        choices=("default", "owner", "none", "all"),
    )
    operator_group: str = option(
        "Group of this machine's users whose members are operators when they come over the Unix socket. Root and the service's "
        "own user are administrators there.",
        default="",
    )
