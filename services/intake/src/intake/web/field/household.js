// A household that is known already: looked up with a network, because what others said is not on the phone.
import { ask } from "./sending.js";
import { byId, make, say, when } from "./ui.js";

/** The search inside the form of a talk; `choose` gets the household that is tapped. */
export function startHouseholds(choose) {
  const form = byId("household");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find(form.elements["household-text"].value.trim(), (household) => {
      clearHouseholds();
      choose(household);
    });
  });
}

/** Nothing of who was looked up stays in the page. */
export function clearHouseholds() {
  byId("household").reset();
  byId("household-hits").replaceChildren();
  byId("household-said").textContent = "";
}

async function find(text, choose) {
  if (!text) return;
  const request = { body: JSON.stringify({ text }), type: "application/json" };
  const answer = await ask("POST", "/households", request).catch(() => null);
  const found = answer?.ok ? await answer.json() : [];
  byId("household-said").textContent = found.length ? "" : say(answer?.ok ? "household-none" : "household-offline");
  byId("household-hits").replaceChildren(...found.map((one) => hit(one, choose)));
}

function hit(one, choose) {
  const name = one.household.contact?.name ?? say("talk-nameless");
  const text = say("household-row", { name, category: one.category, place: one.place, when: when(one.heard_at) });
  const button = make("button", { type: "button", class: "btn btn-outline-primary", "data-household": one.report_id }, text);
  button.addEventListener("click", () => choose(one.household));
  return make("li", {}, button);
}
