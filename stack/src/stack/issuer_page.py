"""The pages of the development issuer: sign in as an invented user, and change users while they are logged in."""

from collections.abc import Mapping, Sequence, Set
from html import escape

PEOPLE = {
    "ada-esempio": "Ada Esempio",
    "bruno-finto": "Bruno Finto",
    "carla-inventata": "Carla Inventata",
    "dino-prova": "Dino Prova",
}
ROLES = {
    "operator": "lavora nei quartieri",
    "coordinator": "coordina",
    "officer": "istruisce i contributi",
    "ops": "gestisce il sistema",
}
# What each person does unless another role is chosen; their ids are subject ids and never change.
USUAL = {
    "ada-esempio": "operator",
    "bruno-finto": "officer",
    "carla-inventata": "coordinator",
    "dino-prova": "ops",
}

STYLE = """
:root { --blue: #0066cc; --ink: #17324d; --pale: #eef4fa; --focus: #ffbf00; }
*, *::before, *::after { box-sizing: border-box; }
html { font: 1.125rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; color: var(--ink); }
body { margin: 0; }
header { padding: .75rem 1rem; color: #fff; background: var(--blue); font-size: 1.5rem; font-weight: 700; }
main { max-width: 42rem; margin: 0 auto; padding: 0 1rem 2rem; }
h1 { font-size: 1.75rem; line-height: 1.2; }
.note { padding: .75rem 1rem; background: var(--pale); border-left: 4px solid var(--blue); }
fieldset { margin: 0 0 1.5rem; padding: 1rem; border: 1px solid #5c6f82; border-radius: .25rem; }
legend { font-weight: 700; }
label { display: flex; gap: .75rem; align-items: center; min-height: 3rem; }
input { width: 1.75rem; height: 1.75rem; accent-color: var(--blue); }
button { min-height: 3rem; padding: .75rem 1.5rem; font: inherit; font-weight: 700; color: #fff; background: var(--blue); border: 0; border-radius: .25rem; }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
:focus-visible { outline: 3px solid var(--focus); box-shadow: 0 0 0 6px var(--ink); }
"""


def choose(asked: Mapping[str, str]) -> str:
    """The login page; its hidden fields return the authorization request."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    return _page(
        "Chi vuole essere?",
        f"""<p class="note">Accesso di prova per lo sviluppo: le persone sono inventate e nessuno chiede una password.</p>
<form method="post" action="/authorize">
{hidden}
<fieldset><legend>Persona</legend>{_choices("person", {who: f"{name}, {ROLES[USUAL[who]]}" for who, name in PEOPLE.items()})}</fieldset>
<fieldset><legend>Ruolo</legend>{_choices("role", {"": "quello solito della persona"} | {role: f"{role}: {what}" for role, what in ROLES.items()})}</fieldset>
<button type="submit">Entra</button>
</form>
<p><a href="/people">Accessi aperti e ruoli</a></p>""",
    )


def show_goodbye(back: str) -> str:
    """The page after a logout; `back` is the address to continue at, if any."""
    link = f'<p><a href="{escape(back)}">Torna ad Ascolto</a></p>' if back else ""
    return _page(
        "È uscito",
        f"""<p class="note">Gli accessi di questo dispositivo sono chiusi, in tutte le pagine di Ascolto entro cinque minuti.</p>
{link}
<p><a href="/people">Accessi aperti e ruoli</a></p>""",
    )


def show_people(logins: Mapping[str, Sequence[str]], taken: Set[tuple[str, str]]) -> str:
    """The page of users: their open logins, and a button for every possible change."""
    rows = "".join(_person(person, name, logins[person], taken) for person, name in PEOPLE.items())
    return _page(
        "Accessi aperti e ruoli",
        f"""<p class="note">Quello che si cambia qui vale in Ascolto entro cinque minuti.</p>
{rows}""",
    )


def _person(person: str, name: str, logins: Sequence[str], taken: Set[tuple[str, str]]) -> str:
    has = f"Accessi aperti: {', '.join(logins)}." if logins else "Nessun accesso aperto."
    ends = _button("end", "all", "Chiudi tutti gli accessi") if logins else ""
    roles = "".join(
        _button("give", role, f"Ridai {role}")
        if (person, role) in taken
        else _button("take", role, f"Togli {role}")
        for role in ROLES
    )
    return f"""<form method="post" action="/people"><fieldset><legend>{escape(name)}</legend>
<input type="hidden" name="person" value="{person}"><p>{has}</p><p class="buttons">{ends}{roles}</p></fieldset></form>
"""


def _button(name: str, value: str, text: str) -> str:
    return f'<button type="submit" name="{name}" value="{value}">{text}</button>'


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="it">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Ascolto, accesso di prova</title><link rel="stylesheet" href="/issuer.css">
</head>
<body>
<header>Ascolto</header>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def _choices(name: str, labels: Mapping[str, str]) -> str:
    rows = [
        f'<label><input type="radio" name="{name}" value="{value}"{" checked" if number == 0 else ""}>{escape(text)}</label>'
        for number, (value, text) in enumerate(labels.items())
    ]
    return "".join(rows)
