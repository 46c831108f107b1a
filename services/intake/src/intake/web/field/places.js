// Finds places without a network by the rules of intake's own search (domain/place_search.py); a test compares the two.
const ROW = ["id", "kind", "label", "parent", "neighbourhood", "asset", "address", "postal", "aliases"];
const WORD = /[\p{L}\p{N}]+(?:\.[\p{L}\p{N}]+)*/gu;
const DOUBLED = /(\p{L})\1+/gu;
const [EXACT, BEGINNING, NEAR] = [3, 2, 1];

const union = (sets) => {
  const all = new Set();
  for (const one of sets) for (const number of one) all.add(number);
  return all;
};
const oneLess = (word) => Array.from(word, (_, n) => word.slice(0, n) + word.slice(n + 1));

/** Whether one letter is wrong, missing, added, or exchanged with its neighbour. */
function isNear(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let first = 0;
  while (first < Math.min(one.length, other.length) && one[first] === other[first]) first += 1;
  const [rest, others] = [one.slice(first), other.slice(first)];
  const exchanged = rest.slice(0, 2) === others[1] + others[0] && rest.slice(2) === others.slice(2);
  return exchanged || rest.slice(1) === others.slice(1) || rest.slice(1) === others || rest === others.slice(1);
}

/** The places of a bundle. */
export class Places {
  constructor({ neighbourhoods, rows }, rules) {
    this.rules = { ...rules, common: new Set(rules.common) };
    this.all = rows.map((row) => Object.fromEntries(ROW.map((name, n) => [name, row[n]])));
    this.byId = new Map(this.all.map((one) => [one.id, one]));
    this.neighbourhoods = neighbourhoods;
    this.searched = this.all.filter((one) => one.kind !== "flat");
    this.number = new Map(this.searched.map((one, n) => [one.id, n]));
    this.index();
  }

  index() {
    this.numbers = new Map();
    this.searched.forEach((place, n) => {
      for (const word of this.wordsOf(place)) this.numbers.set(word, (this.numbers.get(word) ?? new Set()).add(n));
    });
    this.sorted = [...this.numbers.keys()].filter((word) => this.isDistinctive(word)).sort();
    this.shortened = new Map();
    for (const word of this.sorted.filter((one) => one.length >= this.rules.fewest - 1)) {
      for (const short of new Set([word, ...oneLess(word)])) this.shortened.set(short, [...(this.shortened.get(short) ?? []), word]);
    }
  }

  place(id) {
    return this.byId.get(id);
  }

  /** Where a place is, in words. */
  around(place) {
    return (this.neighbourhoods[place.neighbourhood] ?? []).join(", ");
  }

  flatsOf(id) {
    return this.all.filter((one) => one.kind === "flat" && one.parent === id);
  }

  wordsOf(place) {
    return this.words([place.label, place.address, ...(this.neighbourhoods[place.neighbourhood] ?? []), place.postal, ...place.aliases].join(" "));
  }

  /** The words of a text, each once, without case, accents, doubled letters and abbreviations. */
  words(text) {
    const plain = text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
    const { abbreviations, same } = this.rules;
    const expanded = (plain.match(WORD) ?? []).flatMap((one) =>
      one in abbreviations ? [abbreviations[one]] : one.split(".").map((part) => abbreviations[part] ?? part),
    );
    return [...new Set(expanded.map((one) => one.replace(DOUBLED, "$1")).map((one) => same[one] ?? one))];
  }

  isDistinctive(word) {
    return word.length > 1 && !/^\p{Nd}+$/u.test(word) && !this.rules.common.has(word);
  }

  /** The places that have most of the words typed, best first. */
  search(text) {
    const found = this.words(text).slice(0, this.rules.words).map((word) => [word, this.matches(word)]);
    const having = found.filter(([, matches]) => matches.length > 0);
    const telling = having.filter(([word]) => this.isDistinctive(word));
    const numbers = this.most((telling.length ? telling : having).map(([, matches]) => matches));
    const ranks = this.ranks(numbers, having.map(([, matches]) => matches));
    const depth = (n) => this.rules.depth[this.searched[n].kind];
    const best = [...numbers].sort((one, other) => ranks.get(other) - ranks.get(one) || depth(one) - depth(other) || one - other);
    return best.filter((n) => this.isWhole(n, ranks)).slice(0, this.rules.hits).map((n) => this.searched[n]);
  }

  /** Whether no place around this one is as good a hit. */
  isWhole(number, ranks) {
    let above = this.searched[number].parent;
    while (this.number.has(above)) {
      const around = this.number.get(above);
      if ((ranks.get(around) ?? 0) >= ranks.get(number)) return false;
      above = this.searched[around].parent;
    }
    return true;
  }

  matches(word) {
    const exact = this.numbers.has(word) ? [[EXACT, this.numbers.get(word)]] : [];
    if (!this.isDistinctive(word)) return exact;
    const longer = union(this.beginning(word).filter((known) => known !== word).map((known) => this.numbers.get(known)));
    if (exact.length || longer.size) return longer.size ? [...exact, [BEGINNING, longer]] : exact;
    const near = union(this.near(word).map((known) => this.numbers.get(known)));
    return near.size ? [[NEAR, near]] : [];
  }

  beginning(word) {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle] < word) low = middle + 1;
      else high = middle;
    }
    const found = [];
    for (let n = low; n < this.sorted.length && this.sorted[n].startsWith(word); n += 1) found.push(this.sorted[n]);
    return found;
  }

  near(word) {
    if (word.length < this.rules.fewest) return [];
    const candidates = new Set([word, ...oneLess(word)].flatMap((short) => this.shortened.get(short) ?? []));
    return [...candidates].filter((known) => isNear(word, known));
  }

  most(required) {
    const found = required.map((matches) => union(matches.map(([, numbers]) => numbers)));
    const counts = new Map();
    for (const numbers of found) for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
    const most = Math.max(0, ...new Set(counts.values()));
    return new Set([...counts].filter(([, count]) => count === most).map(([n]) => n));
  }

  ranks(numbers, found) {
    const ranks = new Map([...numbers].map((n) => [n, 0]));
    for (const matches of found) {
      const ranked = new Set();
      for (const [quality, having] of matches) {
        for (const n of having) {
          if (!numbers.has(n) || ranked.has(n)) continue;
          ranked.add(n);
          ranks.set(n, ranks.get(n) + quality);
        }
      }
    }
    return ranks;
  }
}
