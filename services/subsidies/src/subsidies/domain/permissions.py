"""What a tenant's browser may see."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PermittedReport:
    """The report that a browser may see; `is_contribution` tells whether an application was or will be opened for it."""

    report_id: str
    tracking_code: str
    is_contribution: bool
