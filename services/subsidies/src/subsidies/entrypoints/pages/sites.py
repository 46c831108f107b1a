"""The pages of subsidies: those for officers, and the page of a tenant about the own application."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter

from chassis.clock import Clock, utc_now
from subsidies.app.desk import Desk
from subsidies.domain.rule_texts import RuleTexts
from subsidies.entrypoints.pages import applicant, layout
from subsidies.entrypoints.pages.router import pages_router
from webkit.agency import Agency
from webkit.assets import Assets
from webkit.login import Login
from webkit.site import Site


class Sites:
    """The two sites; the public one has its files below its page, because intake serves those of `/`."""

    staff_home = layout.HOME

    def __init__(self, agency: Agency, secret: bytes, login: Login, clock: Clock = utc_now) -> None:
        self.staff = Site("subsidies", self.staff_home, agency, secret, login, clock=clock)
        self.public = Site("subsidies", "", agency, secret, assets=Assets(applicant.HOME), clock=clock)

    def routers(self, desk: Desk, texts: Mapping[str, RuleTexts]) -> Sequence[APIRouter]:
        """The routes of all pages; `texts` are the sentences of the rules by language."""
        mine = applicant.ApplicantPages(desk, self.public, texts)
        return (pages_router(layout.Pages(desk, self.staff)), applicant.applicant_router(mine))
