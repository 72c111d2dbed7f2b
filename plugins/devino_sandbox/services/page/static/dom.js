// Elements from plain values. Texts go in as texts, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: h("a", {href, class, onclick}, "text", child, [more], null). */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...solid(children));
  return element;
}

/** What an element shall hold from now on. */
export function fill(element, ...children) {
  element.replaceChildren(...solid(children));
  return element;
}

function solid(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

const ICONS = {
  messages: "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z",
  incoming: "M12 3v10m0 0l-4-4m4 4l4-4M4 14v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4",
  calls: "M4 8h13m0 0l-4-4m4 4l-4 4M20 16H7m0 0l4-4m-4 4l4 4",
  faults: "M13 3L5 13.5h6L10.5 21 19 10.5h-6z",
  campaigns: "M4 10v4h3l8 4.5v-13L7 10zM18.5 9.5a4 4 0 0 1 0 5",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.2l3.5 2",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  mail: "M3.5 7A2 2 0 0 1 5.5 5h13a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-13a2 2 0 0 1-2-2zM4 7l8 6 8-6",
  back: "M15 5l-7 7 7 7",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6L4 12l6 6M4.5 12H15a5 5 0 0 1 5 5v2",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  half: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  keys: "M4 7h16v10H4zM7.5 10.5h.01M11 10.5h.01M14.5 10.5h.01M8 14h8",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const WORDS = {
  SCHEDULED: "Scheduled", ACCEPTED: "Accepted", ENROUTE: "On its way", DELIVERED: "Delivered",
  READ: "Read", CLICKED: "Clicked", UNDELIVERABLE: "Undeliverable", EXPIRED: "Expired",
  REJECTED: "Rejected", DELETED: "Taken back", BOUNCED: "Bounced", UNKNOWN: "Unknown",
};

export const STATES = Object.keys(WORDS);

export function stateWord(state) {
  return WORDS[state] ?? state;
}

export function pill(state) {
  return h("span", { class: `pill is-${state.toLowerCase()}` }, stateWord(state));
}

/** +7 916 123-45-67; what is no number of Russia stays as it is. */
export function number(text) {
  const match = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(text);
  if (match) return `+7 ${match[1]} ${match[2]}-${match[3]}-${match[4]}`;
  return /^\d{9,15}$/.test(text) ? `+${text}` : text;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** The time of day; with its date unless it is today by the sandbox's clock. */
export function when(iso, { now = today, full = false } = {}) {
  if (!iso) return "";
  const at = new Date(iso);
  const clock = CLOCK.format(at);
  if (!full && at.toDateString() === now.toDateString()) return clock;
  const sameYear = at.getFullYear() === now.getFullYear();
  return `${(sameYear ? DAY : YEAR).format(at)}, ${clock}`;
}

let today = new Date();

/** What the sandbox's clock says. */
export function setToday(iso) {
  today = new Date(iso);
}

export function timeOf(iso, options) {
  return h("time", { datetime: iso, title: iso }, when(iso, options));
}

/** 1.2 s, 340 ms, 3 min 5 s, 2 d 1 h. */
export function span(seconds) {
  if (seconds < 1) return `${+(seconds * 1000).toPrecision(2)} ms`;
  if (seconds < 60) return `${+seconds.toFixed(1)} s`;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.round(seconds);
  const said = [];
  for (const [unit, size] of units) {
    if (rest >= size && said.length < 2) said.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  return said.join(" ");
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function copyButton(text) {
  const word = h("span", { class: "unseen" }, "Copy");
  const button = h("button", { type: "button", class: "ghost small copy", title: "Copy" }, icon("copy"), word);
  const show = (sign, said) => {
    word.textContent = said;
    fill(button, icon(sign), word);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      show("check", "Copied");
    } catch {
      // Without TLS a browser gives the clipboard only to loopback.
      show("cross", "Not allowed here");
    }
    setTimeout(() => show("copy", "Copy"), 1500);
  });
  return button;
}

/** A short word at the foot of the window. */
export function toast(text, { bad = false } = {}) {
  const shown = h("div", { class: bad ? "toast is-bad" : "toast" }, text);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), bad ? 8000 : 3000);
}

/** Whether a person wants that. */
export function confirmed(question, text, yes) {
  const asked = h("dialog", { "aria-label": question }, h("h2", {}, question), h("p", { class: "quiet" }, text),
    h("form", { method: "dialog" },
      h("button", { class: "ghost", value: "no" }, "Cancel"), h("button", { class: "danger", value: "yes" }, yes)));
  document.body.append(asked);
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => {
      asked.remove();
      resolve(asked.returnValue === "yes");
    });
  });
}

/** For who listens to the page. */
export function say(text) {
  document.getElementById("spoken").textContent = text;
}

export function nothing(title, text, ...more) {
  return h("div", { class: "nothing" }, h("h2", {}, title), text && h("p", {}, text), ...more);
}

/** A description list of pairs; those without a value are left out. */
export function facts(pairs, kind = "facts") {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (kind !== "facts") {
    return h("dl", { class: kind }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  }
  return h("dl", { class: "facts" }, shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** Tabs as the ARIA practices have them: arrows move, the chosen one alone is in the tab order. */
export function tabs(label, names, chosen, choose) {
  const buttons = names.map(([key, text]) =>
    h("button", {
      type: "button", role: "tab", id: `tab-${key}`, "aria-selected": String(key === chosen),
      "aria-controls": "panel", tabindex: key === chosen ? "0" : "-1", onclick: () => choose(key),
    }, text));
  return h("div", {
    class: "tabs", role: "tablist", "aria-label": label,
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const place = names.findIndex(([key]) => key === chosen);
      const next = names[(place + step + names.length) % names.length][0];
      choose(next);
      document.getElementById(`tab-${next}`)?.focus();
    },
  }, buttons);
}
