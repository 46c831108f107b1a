"""What Open311 shows of services, requests and updates, in the order of the specification's examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.app.open311_submissions import RegisteredRequest
from intake.app.public_requests import PublicRequest, PublicUpdate, ShownPlace
from intake.domain.categories import CHOICES, AnswerType, Categories, Category, Condition, Question
from intake.domain.category_texts import CategoryWords
from intake.domain.photos import Photo, Size
from intake.domain.public_reports import public_due_date
from intake.domain.reports import HANDED_OFF, MERGED, REOPENED, SPLIT, Status, Step
from intake.entrypoints.api.open311.endpoint import Endpoint
from intake.entrypoints.api.open311.formats import Value
from webkit.i18n import Language

Document = Mapping[str, Value]
# mySociety's extended statuses.
_EXTENDED = {
    Status.HELD.value: "for_triage",
    Status.IN_CHARGE.value: "in_progress",
    HANDED_OFF: "internal_referral",
    REOPENED: "reopen",
}
_DATATYPES = {
    AnswerType.YES_NO: "singlevaluelist",
    AnswerType.ONE_OF: "singlevaluelist",
    AnswerType.SEVERAL_OF: "multivaluelist",
    AnswerType.NUMBER: "number",
    AnswerType.DATE: "datetime",
    AnswerType.TEXT: "string",
}
_OUTCOMES = {"solved": "fixed", "unfounded": "no_further_action", "handed-off": "not_councils_responsibility"}


def discovery(changeset: str, contact: str, key_service: str, url: str, is_test: bool) -> Document:
    """The discovery document of this endpoint."""
    endpoint: Document = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": url,
        "changeset": changeset,
        "type": "test" if is_test else "production",
        "formats": ["text/xml", "application/json"],
    }
    return {
        "changeset": changeset,
        "contact": contact,
        "key_service": key_service,
        "endpoints": [endpoint],
    }


@dataclass(frozen=True)
class Reader:
    """The language of the answer, the words of the categories in it, and whose answer it is."""

    language: Language
    words: CategoryWords
    endpoint: Endpoint


def service(category: Category, categories: Categories, reader: Reader) -> Document:
    """A service of the list."""
    keywords = ", ".join(reader.words.keywords(category))
    group = categories.group(category.path[-1]) if category.path else None
    return {
        "service_code": category.code,
        "service_name": reader.words.category(category),
        "description": keywords,
        "metadata": bool(category.questions),
        "type": "realtime",
        "keywords": keywords,
        "group": reader.words.group(group)
        if group
        else reader.language.label("category-group", category.kind.value),
    }


def definition(category: Category, reader: Reader) -> Document:
    """The definition of a service: the questions of its category."""
    attributes: Sequence[Value] = [
        _attribute(category, question, number, reader)
        for number, question in enumerate(category.questions, 1)
    ]
    return {"service_code": category.code, "attributes": attributes}


def _attribute(category: Category, question: Question, number: int, reader: Reader) -> Document:
    """A question; one that is asked after certain answers only is not required."""
    named = dict(reader.words.options(category, question))
    values: Sequence[Value] = [
        {"key": code, "name": named.get(code) or reader.language.label("yes-no", code)}
        for code in (question.choices if question.type in CHOICES else ())
    ]
    return {
        "variable": True,
        "code": question.code,
        "datatype": _DATATYPES[question.type],
        "required": question.required and question.only_if == Condition(),
        "datatype_description": reader.words.hint(category, question),
        "order": number,
        "description": reader.words.question(category, question),
        "values": values,
    }


def request(shown: PublicRequest, reader: Reader, extensions: bool) -> Document:
    """A request; without a public text its description is empty, without a reviewed photo its media_url."""
    report, category, language = shown.report, shown.category, reader.language
    due_at = public_due_date(report, category)
    media = [_photo_url(reader.endpoint.public_url, report.report_id, one) for one in shown.photos]
    document: Document = {
        "service_request_id": report.report_id,
        "status": shown.status,
        "status_notes": _status_notes(shown, language),
        "service_name": reader.words.category(category),
        "service_code": category.code,
        "description": shown.text,
        "agency_responsible": reader.endpoint.agency.name,
        "service_notice": notice(category, language),
        "requested_datetime": report.registered_at,
        "updated_datetime": shown.updated_at,
        "expected_datetime": due_at,
        **_location(shown.where),
        "media_url": media[0] if media else None,
    }
    return {**document, **_extensions(shown, media, language)} if extensions else document


def registered(made: RegisteredRequest, language: Language, account_id: str, extensions: bool) -> Document:
    """The answer to POST; with extensions also tracking code and PIN, for the program that sent the request first."""
    document: Document = {
        "service_request_id": made.report_id,
        "service_notice": notice(made.category, language),
        "account_id": account_id,
    }
    if not extensions or made.receipt is None:
        return document
    receipt: Document = {"tracking_code": made.receipt.tracking_code, "pin": made.receipt.pin}
    return {**document, "extended_attributes": receipt}


def update(shown: PublicUpdate, language: Language) -> Document:
    """An update of mySociety's extension."""
    return {
        "update_id": shown.id,
        "service_request_id": shown.report_id,
        "status": _extended_status(shown.step),
        "updated_datetime": shown.step.at,
        "description": _notes_on(shown.step, language),
        "media_url": None,
    }


def notice(category: Category, language: Language) -> str:
    """What the agency promises for the category; the same for everybody, whoever lives there."""
    return language.label("service-notice", category.urgency.value)


def _extended_status(step: Step) -> str:
    if step.what == Status.CLOSED:
        return _OUTCOMES.get(step.code or "", "closed")
    return _EXTENDED.get(step.what, "open")


def _notes_on(step: Step, language: Language) -> str:
    if step.what == Status.CLOSED and step.code:
        return language.label("outcome", step.code)
    return language.label("step", step.what)


def _status_notes(shown: PublicRequest, language: Language) -> str:
    """The last step; of a report that was joined to another public one also which: its steps count for both."""
    notes = _notes_on(shown.steps[-1], language)
    if shown.main_id is None:
        return notes
    return f"{notes}. {language.label('step-merged', 'main', None, id=shown.main_id)}"


def _photo_url(public_url: str, report_id: str, photo: Photo) -> str:
    return f"{public_url}/v1/reports/{report_id}/photos/{photo.sha256}/{Size.LARGE.value}"


def _location(where: ShownPlace | None) -> Document:
    lat, long = (where.position if where else None) or (None, None)
    return {
        "address": _address(where) if where else None,
        "address_id": where.place.id if where else None,
        "zipcode": where.postal_code if where else None,
        "lat": lat,
        "long": long,
    }


def _address(where: ShownPlace) -> str:
    """The address, or the label of a place without one, its neighbourhood and province."""
    place = where.place
    parts = (where.address or place.label, place.neighbourhood_label, place.province_label)
    return ", ".join(part for number, part in enumerate(parts) if part and part not in parts[:number])


def _extensions(shown: PublicRequest, media: Sequence[Value], language: Language) -> Document:
    place = shown.where and shown.where.place
    working = [step for step in shown.steps if step.what not in (MERGED, SPLIT)]
    attributes: dict[str, Value] = {
        "status": _extended_status(working[-1]),
        "duplicate_of": shown.main_id,
        "media_urls": media,
        "neighbourhood": place.neighbourhood if place else None,
        "province": place.province if place else None,
    }
    notes: Sequence[Value] = [_note(step.at, _notes_on(step, language), step.what) for step in shown.steps]
    return {"extended_attributes": attributes, "notes": notes}


def _note(at: datetime, description: str, what: str) -> Document:
    return {"datetime": at, "description": description, "type": what}
