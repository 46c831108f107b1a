"""Logs in to intake's pages as a browser does: page, issuer, and back with a session."""

import httpx

from stack.issuer_page import USUAL
from stack.processes import StackError

ENTER = "/segnalazioni/accesso"


async def log_in(pages: str, role: str) -> dict[str, str]:
    """The Cookie header of a browser in which a person with this role logged in; raises StackError when the login does not return."""
    person = next(who for who, usual in USUAL.items() if usual == role)
    async with httpx.AsyncClient(timeout=15) as browser:
        sent = await browser.get(f"{pages}{ENTER}", headers={"Accept": "text/html"})
        asked = httpx.URL(sent.headers.get("Location", ""))
        if sent.status_code != 303 or not asked.host:
            raise StackError(
                f"{pages}{ENTER} is answered {sent.status_code} and not with the issuer's login."
            )
        form = {**asked.params, "person": person, "role": role}
        chosen = await browser.post(asked.copy_with(query=None), data=form)
        back = await browser.get(chosen.headers.get("Location", ""))
        if back.status_code != 303:
            raise StackError(
                f"The login at {pages} does not return: {chosen.status_code}, {back.status_code}."
            )
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
