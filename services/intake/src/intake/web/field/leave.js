// Leaving the phone: what is on it is wiped, and who would lose something is asked first.
import { wipe } from "./database.js";
import { count } from "./outbox.js";
import { ask, sendAll } from "./sending.js";
import { byId, say } from "./ui.js";

const OVER = "campo-leave";
const AGAIN_MS = 3000;

/** The button that leaves, and its question. */
export function startLeaving() {
  byId("logout").addEventListener("click", begin);
  byId("leave-wipe").addEventListener("click", leave);
  byId("leave-cancel").addEventListener("click", () => byId("leave").close());
}

async function begin() {
  if ((await count()).all > 0) await sendAll();
  const numbers = await count();
  if (numbers.all === 0) return leave();
  byId("leave-count").textContent = say("leave-count", numbers);
  return byId("leave").showModal();
}

/** Wipes the phone first; the page begins anew, so that nothing of it writes again, and ends the session. */
async function leave() {
  byId("leave").close();
  localStorage.setItem(OVER, "1");
  await wipe();
  location.reload();
}

/** Ends a session that was left, as soon as there is a network; tells whether there was one to end. */
export async function endSession() {
  if (localStorage.getItem(OVER) === null) return false;
  await wipe(); // whoever was killed while it wiped begins here
  const answer = await ask("GET", "/day").catch(() => null);
  if (answer === null || answer.status >= 500) {
    byId("left").hidden = false;
    setTimeout(endSession, AGAIN_MS);
    return true;
  }
  localStorage.removeItem(OVER);
  if (!answer.ok) {
    location.reload();
    return true;
  }
  const form = byId("leave-form");
  form.elements.seal.value = (await answer.json()).seal;
  form.submit();
  return true;
}
