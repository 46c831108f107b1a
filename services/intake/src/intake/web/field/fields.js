// The fields that a form makes of the bundle: categories, questions, places.
import { byId, make, say } from "./ui.js";

/** Fills the categories of the bundle into a select, by group. */
export function fillCategories(select, { categories, groups }) {
  const labels = new Map(groups.map((one) => [one.code, one.label]));
  const rows = new Map();
  for (const one of categories) {
    const group = labels.get(one.path.at(-1)) ?? "";
    rows.set(group, [...(rows.get(group) ?? []), make("option", { value: one.code }, one.label)]);
  }
  const empty = make("option", { value: "" }, say("choose"));
  select.replaceChildren(empty, ...[...rows].map(([label, options]) => make("optgroup", { label }, ...options)));
}

const YES_NO = () => [["yes", say("yes")], ["no", say("no")]];

/** The field of one question, with the answer that was given before. */
export function questionField(question, given) {
  const name = `answer-${question.code}`;
  const label = question.required ? question.label : `${question.label} (${say("optional")})`;
  const hint = question.hint ? make("p", { class: "form-text" }, question.hint) : null;
  if (["yes-no", "one-of", "several-of"].includes(question.type)) return choices(question, name, label, hint, given);
  const kind = { number: { type: "text", inputmode: "numeric" }, date: { type: "date" }, text: { type: "text", maxlength: "200" } }[question.type];
  const control = make("input", { class: "form-control", id: name, name, autocomplete: "off", value: given ?? "", ...kind });
  return make("div", { class: "form-group field", "data-question": question.code }, make("label", { class: "form-label", for: name }, label), hint, control);
}

function choices(question, name, label, hint, given) {
  const type = question.type === "several-of" ? "checkbox" : "radio";
  const options = question.type === "yes-no" ? YES_NO() : question.options.map((one) => [one.code, one.label]);
  const rows = options.map(([value, text], n) => {
    const id = n === 0 ? name : `${name}-${n + 1}`;
    const control = make("input", { type, id, name, value, checked: [given ?? []].flat().includes(value) });
    return make("div", { class: "choice" }, control, make("label", { for: id }, text));
  });
  return make("fieldset", { class: "form-group field", "data-question": question.code }, make("legend", { class: "form-label" }, label), hint, ...rows);
}

/** The answers that a form has now, by question. */
export function answersIn(form, category) {
  return Object.fromEntries(
    (category?.questions ?? []).map(({ code, type }) => {
      const controls = [...form.querySelectorAll(`[name="answer-${CSS.escape(code)}"]`)];
      const values = controls.filter((one) => one.type === "text" || one.type === "date" || one.checked).map((one) => one.value.trim()).filter(Boolean);
      return [code, type === "several-of" ? values : (values[0] ?? "")];
    }),
  );
}

/** A search of places inside a form: a box to type in, the hits as buttons, and the one that was chosen. */
export class PlaceField {
  constructor(form, prefix, bundle, changed) {
    Object.assign(this, { bundle, changed });
    this.typed = form.elements[`${prefix}place-search`];
    this.chosen = form.elements[`${prefix}place_id`];
    this.hits = byId(`${prefix}place-hits`);
    this.name = byId(`${prefix}place-name`);
    this.typed.addEventListener("input", () => this.search());
    this.hits.addEventListener("click", (event) => {
      const found = event.target.closest("[data-place]");
      if (!found) return;
      this.choose(found.dataset.place);
      this.chosen.dispatchEvent(new Event("change", { bubbles: true })); // so that the draft has it
    });
  }

  get place() {
    return this.bundle().searchable.place(this.chosen.value);
  }

  search() {
    const { searchable } = this.bundle();
    const found = searchable.search(this.typed.value);
    const button = (one) => [make("strong", {}, one.label), make("br"), searchable.around(one)];
    const rows = found.map((one) => make("li", {}, make("button", { type: "button", class: "btn btn-outline-primary hit", "data-place": one.id }, ...button(one))));
    if (!rows.length && this.typed.value.trim()) rows.push(make("li", {}, say("no-place")));
    this.hits.replaceChildren(...rows);
  }

  choose(id) {
    this.chosen.value = id ?? "";
    this.typed.value = "";
    this.hits.replaceChildren();
    const { searchable } = this.bundle();
    this.name.textContent = this.place ? `${this.place.label}, ${searchable.around(this.place)}` : "";
    this.name.hidden = !this.place;
    this.changed?.();
  }
}

/** What a place is called. */
export const placeName = (bundle, id) => {
  const place = bundle.searchable.place(id);
  return place ? `${place.label}, ${bundle.searchable.around(place)}` : "";
};
