"""What every catalogue must keep to; a fault names the file, the message and what is wrong."""

import re
from collections.abc import Callable, Iterator
from typing import cast

from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError

from webkit.i18n.catalogues import (
    PUBLIC_DOMAIN,
    catalogue_file,
    is_translated,
    merged,
    plural_forms,
    read_catalogue,
)
from webkit.i18n.extraction import Distribution, in_use, labels, sentences
from webkit.i18n.languages import SOURCE
from webkit.i18n.maintenance import Key, key, messages, written_files

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
TAG = re.compile(r"<[^<>]*>")
Text = str | tuple[str, ...] | list[str]


def faults(distribution: Distribution, unfinished: bool = False) -> Iterator[str]:
    """Everything that is wrong with the catalogues of a distribution; a text may be missing while work is unfinished."""
    for domain in in_use(distribution):
        for language in distribution.languages(domain):
            file = catalogue_file(distribution.locales, language, domain)
            try:
                for fault in _faults(distribution, domain, language, unfinished):
                    yield f"{file}: {fault}"
            except (PoFileError, UnicodeDecodeError) as error:
                yield f"{file}: unreadable: {error}"
                return
    yield from _stale(distribution)


def _stale(distribution: Distribution) -> Iterator[str]:
    for file, text in written_files(distribution):
        if not file.exists():
            yield f"{file}: missing; run `make texts`"
        elif file.read_text(encoding="utf-8") != text:
            yield f"{file}: not as its templates and Italian labels want it; run `make texts`"


def _faults(distribution: Distribution, domain: str, language: str, unfinished: bool) -> Iterator[str]:
    catalogue = read_catalogue(catalogue_file(distribution.locales, language, domain), language)
    source = references(distribution, domain)
    missing: list[str] = []
    whole = language == SOURCE or (domain == PUBLIC_DOMAIN and not unfinished)
    for one in messages(catalogue):
        if (reference := source.get(key(one))) is None:
            continue  # what no template needs is a matter of `make texts`
        if one.fuzzy:
            yield f"{_shown(one)}: marked fuzzy; check the text and remove the mark"
        if is_translated(one.string):
            yield from (f"{_shown(one)}: {what}" for what in text_faults(one, reference, language))
        elif whole:
            missing.append(_shown(one))
    if missing:
        yield f"no text for {len(missing)} of {len(source)} messages; the first is {missing[0]}"
    if language == SOURCE:
        yield from _source_faults(distribution, domain)


def references(distribution: Distribution, domain: str) -> dict[Key, "Reference"]:
    """What the text of each message is compared with: the source sentence, or the label in Italian."""
    found = {key(one): Reference(one.id, False) for one in messages(sentences(distribution, domain))}
    return {
        key(one): Reference(one.string or "", True) for one in messages(labels(distribution, domain))
    } | found


class Reference:
    """The Italian text of a message: its placeholders and tags are those of every translation."""

    def __init__(self, text: Text, label: bool) -> None:
        self.forms = [text] if isinstance(text, str) else list(text)
        self.label, self.plural = label, not isinstance(text, str)
        self.names = set().union(*(placeholders(form) for form in self.forms))
        # A sentence is always formatted, a label only when it gets values.
        self.formatted = not label or self.plural or bool(self.names)


def placeholders(text: str) -> set[str]:
    """The names of the values in a text."""
    return set(PLACEHOLDER.findall(text))


def text_faults(message: Message, reference: Reference, language: str) -> Iterator[str]:
    """What is wrong with the text of a message."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    count, _ = plural_forms(language)
    if reference.plural and len(forms) != count:
        yield f"{len(forms)} plural forms, {language} has {count}"
        return
    single = _forms_for_one_number(language) if reference.plural else set[int]()
    for index, form in enumerate(forms):
        yield from _form_faults(form, reference, may_omit=1 if index in single else 0)


def _form_faults(form: str, reference: Reference, may_omit: int) -> Iterator[str]:
    names = placeholders(form)
    if unknown := sorted(names - reference.names):
        yield f"a placeholder that the Italian text has not: {', '.join(unknown)}"
    if len(missing := sorted(reference.names - names)) > may_omit:
        yield f"a placeholder is missing: {', '.join(missing)}"
    if reference.formatted and "%" in PLACEHOLDER.sub("", form.replace("%%", "")):
        yield "a single %, write %%"
    if reference.label and TAG.search(form):
        yield "a label is plain text, without HTML"
    if sorted(TAG.findall(form)) != sorted(TAG.findall(reference.forms[-1])) or "<" in TAG.sub("", form):
        yield "other HTML tags than the Italian text"


def _forms_for_one_number(language: str) -> set[int]:
    """The plural forms that stand for one number only, and so may leave it out: `un minuto`."""
    rule = cast(Callable[[int], int], merged((), language).plural)
    chosen = [rule(n) for n in range(250)]
    return {form for form in chosen if chosen.count(form) == 1}


def _source_faults(distribution: Distribution, domain: str) -> Iterator[str]:
    for one in messages(labels(distribution, domain)):
        if not one.context:
            yield f"{_shown(one)}: the Italian catalogue holds labels, each with a msgctxt"
    for one in messages(sentences(distribution, domain)):
        forms = [one.id] if isinstance(one.id, str) else list(one.id)
        if any("%" in PLACEHOLDER.sub("", form.replace("%%", "")) for form in forms):
            yield f"{_shown(one)}: a single %, write %%"


def _shown(message: Message) -> str:
    context, text = key(message)
    return f"{context}/{text}" if context else f"“{text}”"
