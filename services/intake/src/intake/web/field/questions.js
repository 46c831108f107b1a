// Which questions a category asks, and which answers tell of a danger: the rules of domain/questions.py.

/** The questions that are asked after these answers at a place of this kind. */
export function asked(category, answers, placeKind) {
  const found = new Map();
  for (const question of category?.questions ?? []) {
    if (holds(question.only_if, answers, found, placeKind)) found.set(question.code, question);
  }
  return [...found.values()];
}

function holds(condition, answers, before, placeKind) {
  if (condition.places.length && !condition.places.includes(placeKind)) return false;
  if (!condition.question) return true;
  const given = [answers[condition.question] ?? []].flat();
  return before.has(condition.question) && given.some((one) => condition.answers.includes(one));
}

/** The danger that a category or an answer tells of, or nothing. */
export function danger(bundle, category, answers) {
  const told = (category?.questions ?? []).flatMap((question) => {
    const given = [answers[question.code] ?? []].flat();
    return question.raises.filter((one) => one.diversion && one.answers.some((answer) => given.includes(answer))).map((one) => one.diversion);
  });
  const code = category?.urgency === "e0" ? category.diversion : told[0];
  return code === undefined ? null : (bundle.categories.diversions.find((one) => one.code === code) ?? { label: "", calls: ["112", "115"] });
}

/** The answers to questions that are asked, as the server takes them. */
export function sent(category, answers, placeKind) {
  const codes = asked(category, answers, placeKind).map((one) => one.code);
  return Object.fromEntries(Object.entries(answers).filter(([code, value]) => codes.includes(code) && value.length > 0));
}

/** The codes of the questions that need an answer and have none. */
export const missing = (category, answers, placeKind) =>
  asked(category, answers, placeKind).filter((one) => one.required && !(answers[one.code]?.length > 0)).map((one) => one.code);
