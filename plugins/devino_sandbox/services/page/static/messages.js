// The messages: a filter and a live list on the left, one message on the right.

import { get, live } from "./api.js";
import { count, h, icon, nothing, number, pill, say, STATES, stateWord, timeOf } from "./dom.js";
import { LiveList } from "./list.js";
import { MessageView } from "./message.js";
import { firstSteps } from "./start.js";

const SIGNS = { SMS: "messages", EMAIL: "mail" };
const LETTERS = { VIBER: "Vb", WHATSAPP: "Wa", VK: "VK" };

export function create(app) {
  const filter = { q: "", state: "", via: "" };
  const search = h("input", {
    type: "search", placeholder: "Number, sender or text", "aria-label": "Filter by number, sender or text",
    autocomplete: "off", spellcheck: "false", oninput: () => change("q", search.value.trim()),
  });
  const states = select("State", [["", "Any state"], ...STATES.map((one) => [one, stateWord(one)])], "state");
  const vias = select("Protocol", [["", "Any protocol"]], "via");
  const list = new LiveList({
    path: "/messages",
    parameters: () => filter,
    fits: (message) => fits(message, filter),
    isFiltered,
    row,
    counted: (total) => (isFiltered() ? `${count(total, "message")} of this filter` : count(total, "message")),
    empty: () => (isFiltered() ? noneFits() : null),
  });
  const detail = new MessageView(app);
  const pane = h("section", { class: "detail", "aria-label": "Message" });
  const side = h("section", { class: "side", "aria-label": "Messages" },
    h("form", { class: "filter", role: "search", onsubmit: (event) => event.preventDefault() },
      h("label", { class: "search" }, icon("search"), search, h("kbd", {}, "/")),
      h("div", { class: "selects" }, states, vias)),
    list.element);
  const element = h("div", { class: "split" }, side, pane);

  function select(label, options, key) {
    return h("select", { "aria-label": label, onchange: (event) => change(key, event.target.value) },
      options.map(([value, text]) => h("option", { value }, text)));
  }

  let timer;
  function change(key, value) {
    filter[key] = value;
    clearTimeout(timer);
    timer = setTimeout(() => list.reload().then(show), 150);
  }

  function isFiltered() {
    return Object.values(filter).some(Boolean);
  }

  function noneFits() {
    return nothing("No message fits", null, h("button", {
      type: "button", class: "ghost", onclick: () => {
        search.value = states.value = vias.value = "";
        Object.assign(filter, { q: "", state: "", via: "" });
        list.reload().then(show);
      },
    }, "Clear the filter"));
  }

  function know(message) {
    if ([...vias.options].some((one) => one.value === message.via)) return;
    vias.append(h("option", { value: message.via }, message.via));
  }

  function row(message) {
    know(message);
    const text = message.content?.subject ?? message.text ?? "";
    return h("a", { href: `#/messages/${message.id}`, class: "row" },
      sign(message.medium),
      h("span", { class: "row-main" },
        h("span", { class: "row-top" },
          h("b", { class: "row-to" }, number(message.to)), timeOf(message.created_at)),
        h("span", { class: "row-text" }, text.split("\n", 1)[0].slice(0, 200) || "no text"),
        h("span", { class: "row-end" },
          h("span", { class: "row-meta" },
            [message.sender, message.via, message.parts > 1 && `${message.parts} parts`].filter(Boolean).join(" · ")),
          pill(message.state))));
  }

  let shown = null;
  let isBare = null;
  async function show() {
    const none = list.isEmpty && !isFiltered();
    element.classList.toggle("is-bare", none && !shown);
    element.classList.toggle("has-detail", Boolean(shown));
    if (shown) {
      isBare = null;
      await detail.show(shown.id, shown.tab);
      // What is put in anew loses its focus and its place.
      if (detail.element.parentNode !== pane) pane.replaceChildren(detail.element);
    } else if (isBare !== none) {
      isBare = none;
      pane.replaceChildren(none ? await firstSteps() : nothing("No message is chosen",
        "Choose one from the list. It shows new messages as they come."));
    }
  }

  live.on("message", (message) => {
    list.add(message);
    if (fits(message, filter)) say(`A message to ${number(message.to)}`);
    detail.changed(message);
    if (isBare) show();
  });
  live.on("state", (message) => {
    list.update(message);
    detail.changed(message);
  });
  // What tells of a message, or asks after it, is shown with it.
  live.on("call", (call) => detail.called(call));
  live.on("refresh", () => {
    list.refresh();
    detail.refresh();
    setTimeout(() => isBare !== null && show(), 700);
  });

  const ready = list.reload();
  return {
    element,
    title: "Messages",
    async enter([id, tab]) {
      shown = id ? { id, tab: tab || "message" } : null;
      list.choose(id ?? null);
      await ready;
      await show();
    },
    keys: {
      "/": () => search.focus(),
      j: () => list.step(1),
      k: () => list.step(-1),
      Escape: () => shown && app.go("/messages"),
      ...Object.fromEntries(["message", "life", "wire", "receipt"].map((tab, place) =>
        [String(place + 1), () => shown && app.go(`/messages/${shown.id}/${tab}`)])),
    },
  };
}

export function sign(medium) {
  return h("span", { class: `sign of-${medium.toLowerCase()}`, title: medium },
    SIGNS[medium] ? icon(SIGNS[medium]) : LETTERS[medium] ?? medium.slice(0, 2));
}

function fits(message, { q, state, via }) {
  const wanted = q.toLowerCase();
  const told = [message.to, message.sender, message.text];
  return (!q || told.some((one) => one.toLowerCase().includes(wanted)))
    && (!state || message.state === state) && (!via || message.via === via);
}

/** The message that has this id, or null if it is forgotten. */
export async function find(id) {
  try {
    return await get(`/messages/${encodeURIComponent(id)}`);
  } catch {
    return null;
  }
}
