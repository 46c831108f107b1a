"""The receipt of a report: code and PIN, shown to the browser that sent it, and to print."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from intake.entrypoints.pages.front import Front
from intake.entrypoints.pages.report_form import FormState


def receipt_router(front: Front) -> APIRouter:
    """The route of the receipt."""
    router = front.router()

    @router.get("/segnala/{report_id}/ricevuta")
    async def show_receipt(request: Request, report_id: UUID) -> Response:
        visit = front.visit(request)
        receipt = await front.use_cases.submissions.receipt(str(report_id), visit.browser)
        if receipt is None:
            return front.page(request, "known.html", visit=visit)
        kept = await front.use_cases.drafts.find(visit.browser, str(report_id))
        email = bool(kept and FormState.model_validate_json(kept["state"]).answers.email)
        page = front.page(request, "receipt.html", visit=visit, receipt=receipt, email=email)
        front.device(request).remember(page, receipt.tracking_code)
        return page

    return router
