"""Writes catalogues anew from what the templates and labels of today need; the same input gives the same bytes."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from webkit.i18n.catalogues import (
    Review,
    catalogue_file,
    empty_catalogue,
    is_translated,
    read_catalogue,
    read_review,
    text_digest,
)
from webkit.i18n.extraction import Distribution, in_use, labels, sentences
from webkit.i18n.languages import SOURCE

ITALIAN = "it: "
Key = tuple[str, str]
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"X-Reviewed-By: {by}\\n"
"X-Reviewed-Text: {text}\\n"
"""


def key(message: Message) -> Key:
    """What names a message: its context and its text in the singular."""
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def messages(catalogue: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without its header, labels first, in a stable order."""
    yield from sorted((one for one in catalogue if one.id), key=lambda one: (not one.context, *key(one)))


def updated(distribution: Distribution, domain: str, language: str) -> Catalog:
    """The catalogue with the messages of today; texts stay, those of messages that are gone are kept as obsolete."""
    old = read_catalogue(catalogue_file(distribution.locales, language, domain), language)
    known = {key(one): one for one in (*old.obsolete.values(), *messages(old))}
    italian, source = labels(distribution, domain), sentences(distribution, domain)
    wanted = [*messages(italian)] if language == SOURCE else [*messages(italian), *messages(source)]
    new = empty_catalogue(language)
    for one in wanted:
        before = known.pop(key(one), None)
        text = before.string if before and isinstance(before.id, str) == isinstance(one.id, str) else ""
        comments = _comments(one, language)
        new.add(one.id, text, context=one.context, auto_comments=comments, flags=_flags(before, comments))
    for one in sorted(known.values(), key=key):
        if is_translated(one.string):
            context, text = key(one)
            new.obsolete[(text, context) if context else text] = one
    return new


def _flags(before: Message | None, comments: list[str]) -> set[str]:
    # A label whose Italian text changed keeps its code, so that its translations would go on saying what it said before.
    if before is None or not is_translated(before.string):
        return set()
    former, now = " ".join(before.auto_comments), " ".join(comments)
    changed = former.startswith(ITALIAN) and now.startswith(ITALIAN) and former != now
    return {"fuzzy"} if before.fuzzy or changed else set()


def _comments(message: Message, language: str) -> list[str]:
    if language == SOURCE or not is_translated(message.string):
        return message.auto_comments
    forms = [message.string] if isinstance(message.string, str) else message.string or ()
    return [ITALIAN + " | ".join(forms)]


def text_of(catalogue: Catalog, review: Review) -> str:
    """The file of a catalogue: no dates and no line numbers, which would change without a change of texts."""
    written, ordered = io.BytesIO(), empty_catalogue(catalogue.locale_identifier or SOURCE)
    for one in messages(catalogue):
        flags = {"fuzzy"} if one.fuzzy else set[str]()
        ordered.add(one.id, one.string, context=one.context, auto_comments=one.auto_comments, flags=flags)
    ordered.obsolete = catalogue.obsolete
    write_po(written, ordered, width=0, omit_header=True, no_location=True)
    header = HEADER.format(
        language=catalogue.locale_identifier, plurals=catalogue.plural_forms, by=review.by, text=review.text
    )
    body = "\n".join(line.rstrip() for line in written.getvalue().decode("utf-8").strip().splitlines())
    return f"{header}\n{body}\n" if body else header


def written_files(distribution: Distribution) -> Iterator[tuple[Path, str]]:
    """Each catalogue of the distribution with the text that it is to have."""
    for domain in in_use(distribution):
        for language in distribution.languages(domain):
            file = catalogue_file(distribution.locales, language, domain)
            yield file, text_of(updated(distribution, domain, language), read_review(file))


def update(distribution: Distribution) -> list[Path]:
    """Write the catalogues of a distribution; the files that changed."""
    changed = []
    for file, text in written_files(distribution):
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def mark_reviewed(file: Path, language: str, reviewer: str) -> None:
    """Write into a catalogue who reviewed the texts that it has now."""
    catalogue = read_catalogue(file, language)
    file.write_text(text_of(catalogue, Review(reviewer, text_digest(catalogue))), encoding="utf-8")
