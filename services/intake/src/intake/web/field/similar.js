// Reports of others about the same problem: asked for before saving when there is a network, and told by the server afterwards when there was none.
import { ask } from "./sending.js";
import { byId, make, say, when } from "./ui.js";
import { placeName } from "./fields.js";

const SECONDS = 5;

/** The open reports that may be about the problem, as {found} or, without a network, {found: null}; a private category has none. */
export async function findSimilar(category, { place_id, description }) {
  if (category.visibility !== "public") return { found: [] };
  const body = JSON.stringify({ category: category.code, place_id, description });
  const answer = await ask("POST", "/v1/duplicates", { body, type: "application/json", seconds: SECONDS }).catch(() => null);
  if (!answer?.ok) return { found: null };
  return { found: (await answer.json()).duplicates };
}

/** Shows them inside the form of a problem: the answer is the id that was chosen, "" for none of them, or null when the form is changed instead. */
export class SimilarQuestion {
  constructor(bundle) {
    Object.assign(this, { bundle, box: byId("similar"), list: byId("similar-list"), settle: null });
    this.list.addEventListener("click", ({ target }) => target.dataset.joins && this.close(target.dataset.joins));
    byId("similar-none").addEventListener("click", () => this.close(""));
    byId("similar-back").addEventListener("click", () => this.close(null));
    byId("problem").addEventListener("input", () => this.close(null)); // what was compared is not what is written now
  }

  ask(found) {
    this.list.replaceChildren(...found.map((one, n) => this.row(one, n)));
    this.box.hidden = false;
    byId("similar-title").focus();
    return new Promise((settle) => (this.settle = settle));
  }

  close(chosen) {
    this.box.hidden = true;
    this.list.replaceChildren();
    this.settle?.(chosen);
    this.settle = null;
  }

  row(one, n) {
    const category = this.bundle().categories.categories.find((other) => other.code === one.category)?.label ?? "";
    const id = `similar-${n}`;
    const text = make("p", { id }, ...described(category, placeName(this.bundle(), one.place_id), one));
    const button = make("button", { type: "button", class: "btn btn-outline-primary", "data-joins": one.report_id, "aria-describedby": id }, say("similar-join"));
    return make("li", { class: "card-box" }, text, button);
  }
}

/** What is said of a report of somebody else. */
function described(category, place, one) {
  const voices = one.voices > 1 ? ` ${say("similar-voices", { n: one.voices })}` : "";
  const status = say(`status-${one.status}`);
  return [make("strong", {}, category), make("br"), place, make("br"), `${say("similar-since", { when: when(one.registered_at) })} ${status}.${voices}`];
}

/** What the server found after sending: a question below the report, with a button for each that may be the same. */
export function similarAfterwards(report, similar) {
  if (!similar?.length) return [];
  const rows = similar.map((one) => {
    const button = make("button", { type: "button", class: "btn btn-outline-primary btn-sm", "data-same": one.report_id, "data-of": report }, say("similar-merge"));
    return make("li", {}, make("p", {}, ...described(one.category, one.place, one)), button);
  });
  const none = make("button", { type: "button", class: "btn btn-outline-primary btn-sm", "data-same": "", "data-of": report }, say("similar-other"));
  return [make("p", {}, say("similar-after")), make("ul", { class: "hits" }, ...rows), make("div", { class: "buttons" }, none)];
}

/** Merges a report that has arrived into the one that was chosen; tells whether the server did it, or cannot do it any more. */
export async function saySame(report, main, id) {
  const body = JSON.stringify({ command_id: id, main_id: main });
  const answer = await ask("POST", `/reports/${report}/same`, { body, type: "application/json" }).catch(() => null);
  return answer !== null && (answer.ok || answer.status === 409);
}
