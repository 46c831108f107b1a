"""An operator's phone with hardly any storage: a browser whose profile is on a disk of 28 MB."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page
from tests.journeys.browser import FLAGS, program
from tests.journeys.registry import journey
from tests.journeys.staff import ADA
from tests.journeys.uploads import photo
from tests.journeys.walk import World

MINUTE = 60_000
# The browser, in a mount namespace of its own: its profile is a small disk there.
WRAPPER = """#!/bin/sh
exec unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=28m tmpfs "$0" && exec "$@"' {profile} {program} "$@"
"""


# Writes until nothing fits any more, as somebody else's data on the phone would.
FILL = """() => new Promise(done => indexedDB.open("campo").onsuccess = ({target}) => {
    const base = target.result;
    const more = (size, n) => {
        if (size < 512) { base.close(); done(); return; }
        const all = base.transaction("data", "readwrite", {durability: "strict"});
        all.objectStore("data").put(crypto.getRandomValues(new Uint8Array(size)).buffer, `filling-${n}`);
        all.oncomplete = () => more(size, n + 1);
        all.onabort = () => more(size >> 1, n + 1);
    };
    more(65536, 0);
})"""


@contextmanager
def small_phone(world: World) -> Iterator[Page]:
    """The page of a browser that may store some 17 MB."""
    folder = Path(tempfile.mkdtemp(prefix="campo-"))
    profile, wrapper = folder / "profile", folder / "browser"
    profile.mkdir()
    wrapper.write_text(WRAPPER.format(profile=profile, program=program()))
    wrapper.chmod(0o700)
    try:
        context = world.browser.browser_type.launch_persistent_context(
            str(profile),
            executable_path=wrapper,
            args=[*FLAGS, "--disk-cache-size=1"],
            viewport={"width": 390, "height": 844},
        )
        yield context.pages[0]
        context.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def can_mount() -> bool:
    """Whether this machine lets us have a mount namespace."""
    asked = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    return shutil.which("unshare") is not None and subprocess.run(asked, check=False).returncode == 0


@journey("operator")
def operator_fills_the_phone(world: World) -> None:
    """Takes photos until the phone is full: is told so, the report with the photos that fit is kept and arrives, nothing is lost."""
    if not can_mount():
        print("skipped: this machine allows no mount namespace, so no small disk")
        return
    with small_phone(world) as page:
        open_app(world, page)
        page.context.set_offline(True)
        page.click("#new-problem")
        page.select_option("form#problem [name=category]", "pulizia")
        page.fill("form#problem [name=description]", "Scale bagnate dalla pioggia.")
        page.fill("#place-search", "Luzzati")
        page.locator("#place-hits button").first.click()
        kept = take_until_full(page)
        page.evaluate(FILL)
        page.click("#save-problem")
        page.locator(f"#on-phone[data-reports='1'][data-photos='{kept}']").wait_for(timeout=MINUTE)
        page.locator("#storage[data-level=warn]").wait_for(timeout=MINUTE)
        page.reload()
        page.locator(f"#on-phone[data-reports='1'][data-photos='{kept}']").wait_for(timeout=MINUTE)
        page.context.set_offline(False)
        page.locator("#on-phone[data-reports='0'][data-photos='0']").wait_for(timeout=3 * MINUTE)
        page.locator("#history li[data-left-out=photo-no-room]").wait_for(timeout=MINUTE)


def take_until_full(page: Page) -> int:
    """Takes photos until one does not fit; returns how many did."""
    for taken in range(9):
        page.set_input_files("#photos", [photo(taken)])
        answer = page.locator(f"#problem-photos li >> nth={taken}").or_(page.locator("#photo-fault p"))
        answer.first.wait_for(timeout=MINUTE)
        if page.locator("#photo-fault p").count():
            page.locator("#photo-fault p[data-left-out=photo-no-room]").wait_for()
            return taken
    raise AssertionError("nine photos fit on a phone of 17 MB")


def open_app(world: World, page: Page) -> None:
    """Logs in and waits until the app opens without a network."""
    page.goto(f"{world.url}/campo")
    page.check(f"input[name=person][value={ADA[0]}]")
    page.check(f"input[name=role][value={ADA[1]}]")
    page.get_by_role("button", name="Entra").click()
    page.locator('#ready[data-ready="1"]').wait_for(state="attached", timeout=MINUTE)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.wait_for_function("navigator.serviceWorker.controller !== null", timeout=MINUTE)
