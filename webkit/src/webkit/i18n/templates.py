"""Jinja in the language of the page: `_`, `ngettext`, `pgettext`, `{% trans %}`, `label` and the filters of formats."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from jinja2 import Environment, Template, UndefinedError, pass_context, pass_environment, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup, escape

from webkit.i18n import formats
from webkit.i18n.languages import KEPT_SENTENCES, Language
from webkit.i18n.texts import Texts

# The values of the render that is going on, its language among them: macros of imported templates see no context, and each task
# and thread has a context of its own.
_RENDERED: ContextVar[Mapping[str, Any] | None] = ContextVar("rendered", default=None)


class TranslatedTemplate(Template):
    """Renders in the language of the value `language`, a Language or a code; without one, in that of the render around it."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """The text; `language` in the template is the Language."""
        values = dict(*args, **kwargs)
        values["language"] = _resolved(self.environment, values.get("language"))
        token = _RENDERED.set(values)
        try:
            return super().render(values)
        finally:
            _RENDERED.reset(token)


def install(environment: Environment, texts: Texts) -> None:
    """Prepare an environment before its first template is loaded."""
    environment.extend(texts=texts, kept_parts={})
    environment.template_class = TranslatedTemplate
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    # The extension's own callables call ours through the context of the block, and format a sentence without values too.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals |= {
        "_": _gettext,
        "gettext": _gettext,
        "ngettext": _ngettext,
        "pgettext": _pgettext,
        "npgettext": _npgettext,
        "label": _label,
        "languages": tuple(texts.languages.values()),
        "once": _once,
        "rendered": _rendered,
        "rendered_language": _language,
    }
    environment.filters |= _FILTERS


def _resolved(environment: Environment, wanted: object) -> Language:
    texts = cast(Texts, environment.texts)  # type: ignore[attr-defined]
    wanted = (_RENDERED.get() or {}).get("language") if wanted is None else wanted
    return texts.language(wanted.code if isinstance(wanted, Language) else cast("str | None", wanted))


def _rendered(name: str) -> object:
    """A value that the page was given, for a macro; raises UndefinedError without one."""
    values = _RENDERED.get() or {}
    if name not in values:
        raise UndefinedError(f"the page has no value {name!r}")
    return values[name]


@pass_environment
def _once(environment: Environment, template: str) -> Markup:
    """A template that says the same on every page in a language; rendered once in the life of the process."""
    kept: dict[tuple[str, str], Markup] = environment.kept_parts  # type: ignore[attr-defined]
    language = _language(environment)
    key = (template, language.code)
    if key not in kept:
        text = environment.get_template(template).render(language=language)
        kept[key] = Markup(text)  # noqa: S704 - the template escaped it
    return kept[key]


@pass_environment
def _language(environment: Environment) -> Language:
    # What a render has was resolved for its environment.
    values = _RENDERED.get()
    return values["language"] if values else _resolved(environment, None)


def _filled(rendered: EvalContext, text: str, values: dict[str, Any]) -> str:
    """The sentence with its values, which are escaped; the tags of the sentence stay."""
    sentence = Markup(text) if rendered.autoescape else text  # noqa: S704 - a sentence of a catalogue
    return sentence % values if values or "%" in text else sentence


@pass_eval_context
def _gettext(rendered: EvalContext, message: str, /, **values: Any) -> str:
    language = _language(rendered.environment)
    if rendered.autoescape and not values:
        return _marked(language, message)
    return _filled(rendered, _sentence(language, message), values)


@lru_cache(KEPT_SENTENCES)
def _marked(language: Language, message: str) -> Markup:
    sentence = Markup(_sentence(language, message))  # noqa: S704 - a sentence of a catalogue
    return sentence % {} if "%" in sentence else sentence


def _sentence(language: Language, message: str) -> str:
    # The empty message is the header of the catalogue.
    return language.sentence(message) if message else ""


@pass_eval_context
def _ngettext(rendered: EvalContext, one: str, many: str, n: int, /, **values: Any) -> str:
    text = _language(rendered.environment).translations.ngettext(one, many, n)
    return _filled(rendered, text, {"num": n, **values})


@pass_eval_context
def _pgettext(rendered: EvalContext, context: str, message: str, /, **values: Any) -> str:
    text = _language(rendered.environment).translations.pgettext(context, message)
    return _filled(rendered, str(text), {"context": context, **values})


@pass_eval_context
def _npgettext(rendered: EvalContext, context: str, one: str, many: str, n: int, /, **values: Any) -> str:
    text = _language(rendered.environment).translations.npgettext(context, one, many, n)
    return _filled(rendered, str(text), {"context": context, "num": n, **values})


@pass_environment
def _label(environment: Environment, kind: str, code: str, n: int | None = None, **values: object) -> str:
    return _language(environment).label(kind, code, n, **values)


def _moment(value: datetime | date | str) -> datetime | date:
    return value if isinstance(value, date) else datetime.fromisoformat(str(value))


# Jinja computes a filter on a constant when it compiles the template, unless the filter takes the context.
def _of_moment(write: Callable[[Any, Language], str]) -> Callable[[Context, datetime | date | str], str]:
    @pass_context
    def written(context: Context, value: datetime | date | str) -> str:
        return write(_moment(value), _language(context.environment))

    return written


def _of_number(write: Callable[[Any, Language], str]) -> Callable[[Context, int | str], str]:
    @pass_context
    def written(context: Context, value: int | str) -> str:
        return write(int(value), _language(context.environment))

    return written


@pass_context
def _relative_day(context: Context, value: datetime | date | str, now: datetime | date | str) -> str:
    return formats.relative_day(_moment(value), _moment(now), _language(context.environment))


@pass_context
def _listed(context: Context, items: Sequence[str], style: Any = "standard") -> str:
    return formats.listed(items, _language(context.environment), style)


@pass_context
def _isolated(context: Context, text: str) -> str:
    if context.eval_ctx.autoescape:
        return Markup(f'<bdi dir="ltr">{escape(text)}</bdi>')  # noqa: S704 - the text is escaped
    return formats.isolated(text, _language(context.environment))


_FILTERS: dict[str, Callable[..., str]] = {
    "day": _of_moment(formats.day),
    "date": _of_moment(formats.plain_date),
    "short_date": _of_moment(formats.short_date),
    "hour": _of_moment(formats.hour),
    "day_and_hour": _of_moment(formats.day_and_hour),
    "date_and_hour": _of_moment(formats.date_and_hour),
    "relative_day": _relative_day,
    "wait": _of_number(formats.duration),
    "euro": _of_number(formats.euro),
    "number": _of_number(formats.number),
    "listed": _listed,
    "isolated": _isolated,
}
