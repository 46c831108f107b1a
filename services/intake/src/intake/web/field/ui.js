// The page: its sentences, which are all in the shell, its views, and what is wrong in a form.

export const byId = (id) => document.getElementById(id);

/** A sentence of the shell, with its values. */
export function say(code, values = {}) {
  const found = document.querySelector(`#texts [data-text="${CSS.escape(code)}"]`) ?? document.querySelector('#texts [data-text="otherwise"]');
  return found.textContent.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** An element with its attributes and children; texts are never parsed as HTML. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((one) => one !== null && one !== undefined));
  return made;
}

/** Shows one view and hides the others; its heading gets the focus, as on a new page. */
export function showView(name) {
  for (const one of document.querySelectorAll("[data-view]")) one.hidden = one.dataset.view !== name;
  document.body.dataset.shown = name;
  const heading = document.querySelector(`[data-view="${name}"]  .view-title`);
  heading?.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Shows what is wrong in a form: {field: sentence}, in the order of the form; nothing wrong clears it. */
export function showErrors(form, errors) {
  for (const one of form.querySelectorAll(".field-error[data-field]")) one.remove();
  for (const one of form.querySelectorAll(".field-wrong")) one.classList.remove("field-wrong");
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  for (const [name, text] of Object.entries(errors)) {
    const control = form.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`) ?? byId(name);
    const field = control?.closest(".field");
    if (!field) continue;
    field.classList.add("field-wrong");
    control.setAttribute("aria-invalid", "true");
    field.prepend(make("p", { class: "field-error", "data-field": name, role: "alert" }, text));
  }
  form.querySelector("[aria-invalid]")?.focus();
}

const LANGUAGE = document.documentElement.lang || "it";
const WHEN = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "short", timeStyle: "short", timeZone: "Europe/Rome" });

/** A day and an hour in Rome. */
export const when = (at) => WHEN.format(new Date(at));

/** The moment at which a clock in Rome shows this day and hour, whatever the phone's own time zone is. */
export function inRome(shown) {
  const guess = new Date(`${shown}Z`);
  if (Number.isNaN(guess.getTime())) return guess;
  const there = new Date(`${guess.toLocaleString("sv-SE", { timeZone: "Europe/Rome" }).replace(" ", "T")}Z`);
  return new Date(2 * guess.getTime() - there.getTime());
}
