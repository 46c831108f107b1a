"""What every template must keep to, so that no sentence stays in Italian on a page of another language."""

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from webkit.i18n.catalogues import DOMAINS, PUBLIC_DOMAIN, STAFF_DOMAIN
from webkit.i18n.extraction import Distribution, labels, sentences
from webkit.i18n.maintenance import messages
from webkit.i18n.templates import install
from webkit.i18n.texts import Texts

TRANSLATED = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext", "label"})
READ_ATTRIBUTE = re.compile(r'\b(?:aria-label|aria-description|alt|placeholder|title|content)="([^"\0]*)"')
TECHNICAL = re.compile(r"<meta\b[^>]*>|<(script|style|code)\b.*?</\1>|<!--.*?-->", re.DOTALL)
WORD = re.compile(r"(?<![/\w])[^\W\d_]{2,}")  # /stato is an address
# Names that are the same in every language.
NAMES = frozenset({"Ascolto", "PIN", "SPID", "ISEE", "QR"})


def template_faults(distribution: Distribution, kit: Distribution) -> Iterator[str]:
    """Everything that is wrong with the templates of a distribution; a domain none of whose templates uses gettext yet is not read."""
    imported = imported_templates(distribution)
    for domain in (one for one in DOMAINS if len(sentences(distribution, one))):
        kinds = _kinds(distribution, domain) | _kinds(kit, domain)
        for file in distribution.templates(domain):
            tree = _parsed(file)
            yield from (f"{file}: not in the catalogue: “{text}”" for text in loose_texts(tree))
            if any(str(file).endswith(f"/{name}") for name in imported):
                yield from (f"{file}: {fault}" for fault in fixed_texts(tree))
            for kind in sorted(used_kinds(tree) - kinds):
                yield f"{file}: the Italian catalogue of {domain} texts has no label of the kind {kind}"


def imported_templates(distribution: Distribution) -> set[str]:
    """The templates that others import without their context; Jinja runs them once and keeps what they set."""
    trees = [_parsed(file) for domain in DOMAINS for file in distribution.templates(domain)]
    imports: list[nodes.Import | nodes.FromImport] = [
        *(one for tree in trees for one in tree.find_all(nodes.Import)),
        *(one for tree in trees for one in tree.find_all(nodes.FromImport)),
    ]
    return {
        one.template.value
        for one in imports
        if isinstance(one.template, nodes.Const) and not one.with_context
    }


def _kinds(distribution: Distribution, domain: str) -> set[str]:
    domains = (PUBLIC_DOMAIN,) if domain == PUBLIC_DOMAIN else (PUBLIC_DOMAIN, STAFF_DOMAIN)
    found = {one.context for name in domains for one in messages(labels(distribution, name))}
    return {kind for kind in found if kind}


def _parsed(file: Path) -> nodes.Template:
    environment = Environment(extensions=("jinja2.ext.do", "jinja2.ext.loopcontrols"))  # noqa: S701 -- nothing is rendered
    install(environment, Texts())
    return environment.parse(file.read_text(encoding="utf-8"))


def loose_texts(tree: nodes.Template) -> list[str]:
    """Words for people that are outside gettext: between tags, and in the attributes that are read out."""
    parts = [
        part.data if isinstance(part, nodes.TemplateData) else "\0"
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
    ]
    page = TECHNICAL.sub(" ", "".join(parts))
    texts = [*READ_ATTRIBUTE.findall(page), *re.split(r"<[^<>]*>|\0|\n", page)]
    return [text.strip() for text in texts if set(WORD.findall(text)) - NAMES]


def fixed_texts(tree: nodes.Template) -> Iterator[str]:
    """Texts that an imported template would keep in the language of whoever came first."""
    for statement in tree.body:
        if isinstance(statement, nodes.Assign | nodes.AssignBlock):
            for call in statement.find_all(nodes.Call):
                if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATED:
                    yield f"line {statement.lineno}: a text set outside blocks and macros stays in its first language"


def used_kinds(tree: nodes.Template) -> set[str]:
    """The kinds of labels that a template names."""
    return {
        call.args[0].value
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "label"
        and call.args
        and isinstance(call.args[0], nodes.Const)
    }
