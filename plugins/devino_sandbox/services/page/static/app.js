// The frame of the page: sections, the connection, colours, keys.

import { calmed, get, live } from "./api.js";
import { fill, h, icon, nothing, setToday, toast } from "./dom.js";
import * as account from "./account.js";
import * as calls from "./calls.js";
import * as campaigns from "./campaigns.js";
import * as clock from "./clock.js";
import * as faults from "./faults.js";
import * as incoming from "./incoming.js";
import * as messages from "./messages.js";

const SECTIONS = { messages, incoming, calls, faults, campaigns, account, clock };
const LABELS = {
  messages: "Messages", incoming: "Incoming", calls: "Calls", faults: "Faults",
  campaigns: "Campaigns", account: "Account", clock: "Clock",
};
const THEMES = [["", "half", "Colours of the system"], ["light", "sun", "Light"], ["dark", "moon", "Dark"]];

const app = {
  go(path) {
    location.hash = path;
  },
};
const main = document.getElementById("main");
const nav = document.getElementById("nav");
const views = {};
let current = null;

async function enter() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const key = name in SECTIONS ? name : "messages";
  views[key] ??= SECTIONS[key].create(app);
  const view = views[key];
  if (current !== view) {
    current = view;
    main.replaceChildren(view.element);
  }
  document.title = `${view.title} · devino sandbox`;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.section === key) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (key === "calls") badge("calls", 0);
  try {
    await view.enter(rest);
  } catch (error) {
    toast(error.message, { bad: true });
  }
}

const badges = {};
function badge(section, number) {
  badges[section] = number;
  const shown = nav.querySelector(`[data-section="${section}"] .badge`);
  if (!shown) return;
  shown.hidden = number === 0;
  shown.textContent = number > 99 ? "99+" : String(number);
}

function sections(isDriven) {
  const names = Object.keys(SECTIONS).filter((name) => isDriven || name !== "clock");
  fill(nav, names.map((name) => h("a", { href: `#/${name}`, "data-section": name, hidden: name === "campaigns" },
    icon(name), h("span", {}, LABELS[name]),
    h("span", { class: "badge", hidden: true, "aria-label": name === "calls" ? "failed calls" : "on order" }))));
}

function colours() {
  let place = Math.max(0, THEMES.findIndex(([name]) => name === (localStorage.getItem("theme") ?? "")));
  const button = h("button", { type: "button", class: "ghost round", onclick: () => {
    place = (place + 1) % THEMES.length;
    localStorage.setItem("theme", THEMES[place][0]);
    show();
  } });
  function show() {
    const [name, sign, label] = THEMES[place];
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    fill(button, icon(sign));
    button.title = label;
    button.setAttribute("aria-label", `Colours: ${label}`);
  }
  show();
  return button;
}

const KEYS = [
  ["/", "Filter the messages"], ["j, k", "The next, the one before"], ["1 to 4", "Message, life, wire, receipts"],
  ["Esc", "Back"], ["g then m i c f a", "Messages, incoming, calls, faults, account"], ["?", "These keys"],
];

const help = h("dialog", { "aria-label": "Keys" }, h("h2", {}, "Keys"),
  h("dl", { class: "facts" }, KEYS.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
  h("form", { method: "dialog" }, h("button", { class: "ghost" }, "Close")));
document.body.append(help);

let isGoing = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const isTyping = event.target.closest("input, textarea, select");
  if (isTyping) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (isGoing) {
    isGoing = false;
    const name = Object.keys(SECTIONS).find((one) => one !== "campaigns" && one[0] === event.key && one !== "clock");
    if (name) {
      event.preventDefault();
      app.go(`/${name}`);
      return;
    }
  }
  if (event.key === "g") isGoing = true;
  else if (event.key === "?") help.showModal();
  else if (current?.keys?.[event.key]) {
    event.preventDefault();
    current.keys[event.key]();
  }
});

async function begin() {
  const state = h("span", { class: "live", role: "status", title: "Waits for the sandbox" }, h("i", {}), h("span", {}, "connecting"));
  fill(document.getElementById("bar-end"), state,
    h("button", {
      type: "button", class: "ghost round keys", title: "Keys", "aria-label": "Keys", onclick: () => help.showModal(),
    }, icon("keys")),
    colours());
  const tell = (word, isUp) => {
    state.classList.toggle("is-up", isUp);
    state.lastChild.textContent = word;
    state.title = isUp ? "New messages appear by themselves" : "The sandbox does not answer";
  };
  live.on("up", () => tell("live", true));
  live.on("down", () => tell("offline", false));
  live.on("call", (call) => {
    setToday(call.at);
    if (call.failed && current !== views.calls) badge("calls", (badges.calls ?? 0) + 1);
  });
  // Few sandboxes have campaigns; the section is there once one is.
  const campaigned = calmed(async () => {
    const found = await get("/campaigns").catch(() => []);
    nav.querySelector('[data-section="campaigns"]')?.toggleAttribute("hidden", found.length === 0);
  }, 500);
  live.on("call", (call) => call.protocol.startsWith("email") && campaigned());
  live.on("refresh up", campaigned);
  live.on("message state", (message) => setToday(message.life.at(-1)?.at ?? message.created_at));
  try {
    const index = await get("");
    setToday(index.time);
    sections(index.driven);
  } catch (error) {
    sections(false);
    fill(main, nothing("The sandbox does not answer", error.message));
  }
  live.start();
  window.addEventListener("hashchange", enter);
  await enter();
}

begin();
