"""Take a mail: decide once what becomes of it, and record when everything of it is stored."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import MailReceived
from intake.domain.mails import Mail, finished
from intake.handlers.documents import MAILS


@dataclass(frozen=True)
class TakeMail:
    """Record what becomes of a mail, before anything of it is stored."""

    mail: Mail


@dataclass(frozen=True)
class FinishMail:
    """Everything of a mail is stored: `added` to its report or kept for the desk, with so many photos."""

    mail_id: str
    added: bool
    report_id: str
    photos: int
    left_out: tuple[str, ...]


def take_mail(command: TakeMail, mail: Mail | None, moment: Moment) -> Change:  # noqa: ARG001 - the door's time is in the mail
    """Record the decision; the first one stands, so that a mail that is delivered again is treated alike."""
    return Change(write=[MAILS.put(command.mail)]) if mail is None else NOTHING


def finish_mail(command: FinishMail, mail: Mail | None, moment: Moment) -> Change:  # noqa: ARG001 - as above
    """Record that the mail is stored, and publish MailReceived once; raises Refused for a mail that nobody took (404)."""
    if mail is None:
        raise Refused("no-such-mail", "There is no mail with this id.", 404)
    if mail.done:
        return NOTHING
    done = finished(
        mail,
        report_id=command.report_id,
        added=command.added,
        photos=command.photos,
        left_out=command.left_out,
    )
    event = MailReceived(
        mail_id=mail.mail_id,
        report_id=command.report_id,
        outcome="added" if command.added else "waiting",
        photos=command.photos,
        left_out=tuple(dict.fromkeys(command.left_out))[:16],
    )
    return Change(write=[MAILS.put(done)], events=[event])
