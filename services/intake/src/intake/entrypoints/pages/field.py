"""The operators' app: its shell, which holds no data, its modules, its service worker and its manifest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.use_cases import UseCases
from intake.entrypoints.api.field import FieldRoutes
from webkit.headers import APP_HEADERS
from webkit.i18n import Language
from webkit.site import Site

CAMPO = "/campo"
OPERATORS = ("operator",)
MODULES = Path(__file__).parents[2] / "web" / "field"
SHELL, MANIFEST = "staff/field/shell.html", "staff/field/manifest.json"
# The service worker is a module of its own, because its address must not change.
WORKER = "worker.js"
# Assets of other pages.
UNUSED = ("kit.rtl.", "htmx.", "licences.")
_JS = "text/javascript; charset=utf-8"
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}


@cache
def modules() -> Mapping[str, bytes]:
    """The modules of the app by name."""
    return {path.name: path.read_bytes() for path in sorted(MODULES.glob("*.js"))}


@cache
def version() -> str:
    """The version of the modules: it changes with any of them."""
    digest = hashlib.sha256()
    for name, content in modules().items():
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:12]


class FieldApp:
    """Serves the app: everything but the first page is the same for everybody, so that it can be kept on the phone."""

    def __init__(self, site: Site) -> None:
        login = site.logged_in()
        self._site, self._leave, self._enter = site, login.leave_path, login.enter_path
        self._shells: dict[str, str] = {}

    def shell(self, language: Language) -> Response:
        """The one page of the app."""
        return Response(self._shell(language), media_type="text/html", headers={**APP_HEADERS, **_FRESH})

    def worker(self, language: Language) -> Response:
        """The service worker, which names all that a phone must keep; it differs when any of that does."""
        base = f"{CAMPO}/app/{version()}"
        kept = [*(f"{base}/{name}" for name in modules() if name != WORKER), *self._assets()]
        shell = hashlib.sha256(self._shell(language).encode()).hexdigest()[:12]
        known = {"version": f"{version()}-{shell}", "shell": f"{CAMPO}/guscio", "home": CAMPO, "kept": kept}
        text = f'import {{ sendAll }} from "{base}/sending.js";\nconst APP = {json.dumps(known)};\n'
        headers = {**APP_HEADERS, **_FRESH, "Service-Worker-Allowed": CAMPO}
        return Response(text.encode() + modules()[WORKER], media_type=_JS, headers=headers)

    def manifest(self, language: Language) -> Response:
        """The web manifest, with which the app is installed."""
        text = self._site.document(MANIFEST, language, home=CAMPO, image=self._site.assets.url("favicon.svg"))
        return Response(text, media_type="application/manifest+json", headers=_FRESH)

    def _shell(self, language: Language) -> str:
        if language.code not in self._shells:
            self._shells[language.code] = self._site.document(
                SHELL, language, version=version(), home=CAMPO, leave=self._leave, enter=self._enter
            )
        return self._shells[language.code]

    def _assets(self) -> Sequence[str]:
        return [url for url in self._site.assets.urls() if not any(one in url for one in UNUSED)]


def field_router(context: ServiceContext, use_cases: UseCases, site: Site) -> APIRouter:
    """The routes of the app and of what it sends."""
    router, app = APIRouter(include_in_schema=False), FieldApp(site)
    operators = Depends(site.guard(context, *OPERATORS))
    anybody = Depends(context.require("public"))
    router.include_router(site.router(context))
    guard = site.script_guard(context, *OPERATORS)
    router.include_router(FieldRoutes(use_cases, site, guard).router())

    @router.get(CAMPO, dependencies=[operators])
    async def show_app(request: Request) -> Response:
        return app.shell(site.language(request))

    @router.get(f"{CAMPO}/guscio", dependencies=[anybody])
    async def show_shell(request: Request) -> Response:
        return app.shell(site.language(request))

    @router.get(f"{CAMPO}/sw.js", dependencies=[anybody])
    async def show_worker(request: Request) -> Response:
        return app.worker(site.language(request))

    @router.get(f"{CAMPO}/manifest.webmanifest", dependencies=[anybody])
    async def show_manifest(request: Request) -> Response:
        return app.manifest(site.language(request))

    @router.get(f"{CAMPO}/app/{{build}}/{{name}}", dependencies=[anybody])
    async def show_module(build: str, name: str) -> Response:
        if build != version() or name not in modules():
            raise Refused("no-such-asset", "There is no file of this name.", 404)
        return Response(modules()[name], media_type=_JS, headers={**APP_HEADERS, **_IMMUTABLE})

    return router
