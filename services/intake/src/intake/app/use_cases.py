"""The use cases of one process, built once for all its routers."""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.sealing import Sealer
from chassis.service import ServiceContext
from intake.app.answers import Answers
from intake.app.blind_index import BlindIndex
from intake.app.browser_drafts import BrowserDrafts
from intake.app.contents import Contents
from intake.app.corrections import Correcting
from intake.app.duplicates import Duplicates
from intake.app.entries import ReportEntries
from intake.app.field_days import FieldDays
from intake.app.field_reports import FieldReports
from intake.app.field_talks import FieldTalks
from intake.app.follow import Following
from intake.app.households import Households
from intake.app.inbox import Inbox
from intake.app.lookups import Lookups
from intake.app.merging import Merging
from intake.app.new_pin import Receipts
from intake.app.notes import Notes
from intake.app.open311_submissions import Open311Submissions
from intake.app.photo_counts import PhotoCounts
from intake.app.photo_data import PhotoData
from intake.app.photos import ReportPhotos
from intake.app.public_list import PublicList
from intake.app.public_requests import PublicRequests
from intake.app.publications import Publications
from intake.app.rate import Ratings
from intake.app.readings import Readings
from intake.app.registers import Registers
from intake.app.reopen import Reopenings
from intake.app.session_receipts import SessionReceipts
from intake.app.sessions import Sessions
from intake.app.statistics import PublicStatistics
from intake.app.status_sessions import StatusSessions
from intake.app.submit import Submissions
from intake.app.talks import Talks
from intake.app.track import Tracking
from intake.app.tracking_codes import TrackingCodes
from intake.app.uploads import Uploads, no_decoder
from intake.app.waiting import Waiting
from intake.app.withdraw import Withdrawals
from intake.app.word_index import WordIndex
from intake.domain.draft_rules import IsAddress
from intake.domain.photos import Decode


@dataclass(frozen=True)
class UseCases:
    """The use cases that routers call."""

    answers: Answers
    codes: TrackingCodes
    contents: Contents
    correcting: Correcting
    drafts: BrowserDrafts
    duplicates: Duplicates
    entries: ReportEntries
    field_days: FieldDays
    field_reports: FieldReports
    field_talks: FieldTalks
    following: Following
    photo_data: PhotoData
    photos: ReportPhotos
    households: Households
    inbox: Inbox
    lookups: Lookups
    merging: Merging
    notes: Notes
    open311: Open311Submissions
    public_list: PublicList
    public_requests: PublicRequests
    publications: Publications
    ratings: Ratings
    readings: Readings
    registers: Registers
    receipts: Receipts
    reopenings: Reopenings
    sessions: Sessions
    session_receipts: SessionReceipts
    statistics: PublicStatistics
    status_sessions: StatusSessions
    submissions: Submissions
    tracking: Tracking
    uploads: Uploads
    waiting: Waiting
    withdrawals: Withdrawals


def once(build: Callable[[ServiceContext], UseCases]) -> Callable[[ServiceContext], UseCases]:
    """The same use cases at every call with a context, so that the limits of a process hold for all its doors."""
    built: dict[int, UseCases] = {}

    def cases(context: ServiceContext) -> UseCases:
        if id(context) not in built:
            built[id(context)] = build(context)
        return built[id(context)]

    return cases


def use_cases(
    context: ServiceContext,
    secret: bytes,
    is_address: IsAddress,
    decode: Decode = no_decoder,
    counts: PhotoCounts | None = None,
) -> UseCases:
    """Build the use cases with the service's secret; `is_address` validates e-mail addresses, `decode` decodes photos."""
    codes, registers = TrackingCodes(secret), Registers(context)
    sealer = Sealer(secret)
    index = BlindIndex(secret)
    words = WordIndex(secret)
    contents, entries = Contents(context, sealer, index, words), ReportEntries(context, codes, sealer)
    readings = Readings(context, contents, entries, registers)
    receipts = Receipts(context, codes, readings)
    publications = Publications(context, readings, registers, codes, sealer)
    requests = PublicRequests(context, registers, publications)
    counts, data = counts or PhotoCounts(), PhotoData(context)
    uploads = Uploads(context, data, decode, counts)
    photos = ReportPhotos(context, sealer, readings, uploads, data, counts)
    submissions = Submissions(context, registers, codes, contents, is_address)
    households = Households(readings, submissions, receipts)
    sessions = Sessions(context, registers, Talks(context, sealer), submissions, households, is_address)
    waiting = Waiting(context, codes, contents, submissions, readings, entries, photos)
    duplicates = Duplicates(context, registers, words)
    return UseCases(
        answers=Answers(readings, entries),
        codes=codes,
        contents=contents,
        correcting=Correcting(context, contents, readings, registers, submissions, codes, sealer),
        drafts=BrowserDrafts(context, secret),
        duplicates=duplicates,
        entries=entries,
        field_days=FieldDays(context),
        field_reports=FieldReports(context, submissions, waiting, readings, duplicates, photos),
        field_talks=FieldTalks(sessions),
        following=Following(entries),
        photo_data=data,
        photos=photos,
        households=households,
        inbox=Inbox(context, registers, words),
        lookups=Lookups(context, index, readings),
        merging=Merging(context, readings),
        notes=Notes(readings, entries),
        open311=Open311Submissions(context, requests, registers, submissions, codes),
        public_list=PublicList(context, registers, requests),
        public_requests=requests,
        publications=publications,
        ratings=Ratings(context, codes, entries),
        readings=readings,
        registers=registers,
        receipts=receipts,
        reopenings=Reopenings(context, codes, entries),
        sessions=sessions,
        session_receipts=SessionReceipts(context, codes, registers, sessions),
        statistics=PublicStatistics(context, registers),
        status_sessions=StatusSessions(context, secret),
        submissions=submissions,
        tracking=Tracking(context, codes),
        uploads=uploads,
        waiting=waiting,
        withdrawals=Withdrawals(context),
    )
