// A list that is live: the latest first, fifty a page, older ones as one scrolls.

import { latest, calmed } from "./api.js";
import { fill, h } from "./dom.js";

export const PAGE = 50;

/**
 * What a list shows and how:
 * path, parameters() of the API; row(item) gives a link, fits(item) whether the filter lets it in;
 * isFiltered() whether there is one; counted(total) says how many there are; empty() is shown where
 * there are none.
 */
export class LiveList {
  #of;
  #rows = new Map();
  #oldest = null;
  #total = 0;
  #asked = 0;
  #waiting = 0;
  #count = h("p", { class: "count", role: "status" });
  #list = h("ol", { class: "rows" });
  #new = h("button", { type: "button", class: "fresh", hidden: true, onclick: () => this.#toTop() });
  #older = h("button", { type: "button", class: "ghost older", onclick: () => this.older() }, "Show older");
  #empty = h("div", {});
  #scroller = h("div", { class: "scroller" }, this.#list, this.#empty, this.#older);
  chosen = null;

  constructor(of) {
    this.#of = of;
    this.element = h("div", { class: "live-list" }, this.#count, this.#new, this.#scroller);
    this.refresh = calmed(() => this.reload({ keep: true }), 400);
    this.#scroller.addEventListener("scroll", () => {
      if (this.#scroller.scrollTop < 40) this.#waiting = 0;
      this.#tell();
    }, { passive: true });
    new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) this.older();
    }, { root: this.#scroller, rootMargin: "400px" }).observe(this.#older);
  }

  /** Read the list anew; with `keep` a reader who has scrolled down keeps the place. */
  async reload({ keep = false } = {}) {
    if (keep && this.#scroller.scrollTop > 40) {
      this.#waiting = Infinity;
      this.#tell();
      return;
    }
    const asked = ++this.#asked;
    const { items, total } = await latest(this.#of.path, { ...this.#of.parameters(), limit: PAGE });
    if (asked !== this.#asked) return;
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#waiting = 0;
    this.#append(items, total);
  }

  async older() {
    if (this.#older.hidden || this.#oldest === null || this.#older.disabled) return;
    this.#older.disabled = true;
    const asked = this.#asked;
    try {
      const parameters = { ...this.#of.parameters(), limit: PAGE, before: this.#oldest };
      const { items, total } = await latest(this.#of.path, parameters);
      if (asked === this.#asked) this.#append(items, total);
    } finally {
      this.#older.disabled = false;
    }
  }

  /** One that has just come. */
  add(item) {
    if (this.#rows.has(String(item.id))) return this.update(item);
    if (!this.#of.fits(item)) return;
    this.#total += 1;
    const isScrolled = this.#scroller.scrollTop > 40;
    if (isScrolled) this.#waiting += 1;
    const row = this.#row(item);
    row.classList.add("is-new");
    this.#list.prepend(row);
    this.#oldest ??= item.id;
    this.#trim(isScrolled);
    this.#tell();
  }

  /** One that has changed. */
  update(item) {
    const row = this.#rows.get(String(item.id));
    const fits = this.#of.fits(item);
    // It has come into the filter, or has left it.
    if (Boolean(row) !== fits && (row || this.#of.isFiltered())) return this.refresh();
    if (!row) return;
    const fresh = this.#row(item);
    const hadFocus = row.contains(document.activeElement);
    row.replaceWith(fresh);
    if (hadFocus) fresh.querySelector("a").focus();
  }

  choose(id) {
    this.chosen = id;
    for (const [key, row] of this.#rows) mark(row, key === id);
  }

  /** Open the next (1) or the one before (-1). */
  step(by) {
    const keys = [...this.#list.children].map((row) => row.dataset.id);
    const place = keys.indexOf(this.chosen);
    const next = keys[place < 0 ? 0 : place + by];
    if (next === undefined) return;
    const link = this.#rows.get(next).querySelector("a");
    link.click();
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  }

  get isEmpty() {
    return this.#rows.size === 0;
  }

  #append(items, total) {
    for (const item of items) if (!this.#rows.has(String(item.id))) this.#list.append(this.#row(item));
    this.#oldest = items.at(-1)?.id ?? this.#oldest;
    this.#total = total;
    this.#older.hidden = this.#rows.size >= total || items.length === 0;
    this.#tell();
  }

  #row(item) {
    const row = h("li", { "data-id": item.id }, this.#of.row(item));
    this.#rows.set(String(item.id), row);
    mark(row, String(item.id) === this.chosen);
    return row;
  }

  /** A list that is left open for days must not grow without end. */
  #trim(isScrolled) {
    if (isScrolled || this.#rows.size <= 4 * PAGE) return;
    while (this.#rows.size > PAGE) {
      const last = this.#list.lastElementChild;
      this.#rows.delete(last.dataset.id);
      last.remove();
    }
    this.#oldest = this.#list.lastElementChild.dataset.id;
    this.#older.hidden = false;
  }

  #tell() {
    this.#count.textContent = this.#of.counted(this.#total);
    fill(this.#empty, this.isEmpty ? this.#of.empty() : null);
    this.#new.hidden = this.#waiting === 0;
    this.#new.textContent = Number.isFinite(this.#waiting) ? `${this.#waiting} new` : "There is more";
  }

  #toTop() {
    this.#scroller.scrollTop = 0;
    if (!Number.isFinite(this.#waiting)) this.reload();
    this.#waiting = 0;
    this.#tell();
  }
}

function mark(row, isChosen) {
  const link = row.querySelector("a");
  if (isChosen) link?.setAttribute("aria-current", "true");
  else link?.removeAttribute("aria-current");
}
