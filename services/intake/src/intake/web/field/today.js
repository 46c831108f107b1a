// The first view: appointments and open cases, as they were when the phone last had a network.
import { placeName } from "./fields.js";
import { byId, make, say, when } from "./ui.js";

/** Shows the day, or what is known of it. */
export function drawToday(bundle, day) {
  byId("who").textContent = day?.name ?? "";
  const agreed = (day?.appointments ?? []).map((one) => make("li", {}, `${when(one.at)}: ${say(`what-${one.what}`)}`, ...place(bundle, one.place_id)));
  byId("appointments").replaceChildren(...agreed);
  byId("appointments-empty").hidden = agreed.length > 0;
  const cases = (day?.cases ?? []).map(caseRow);
  byId("cases").replaceChildren(...cases);
  byId("cases-empty").hidden = cases.length > 0 || day?.cases == null;
  byId("cases-unknown").hidden = day?.cases != null || day?.mayEnter === true;
  byId("cases-enter").hidden = day?.mayEnter !== true;
}

const place = (bundle, id) => (id ? [make("br"), placeName(bundle, id)] : []);

function caseRow(one) {
  const title = make("h4", { class: "h5" }, make("a", { href: `/lavoro/${one.report_id}` }, one.category));
  const due = make("p", {}, say(one.late ? "case-late" : "case-due", { when: when(one.due_at) }));
  return make("li", { class: `card-box${one.late ? " card-late" : ""}` }, title, make("p", {}, one.place), due);
}
