// One message: what the recipient sees, its life, the wire, and what told of it.

import { attempt, calmed, get, latest, post, remove } from "./api.js";
import { bubble, mail } from "./bubble.js";
import { copyButton, facts, fill, h, icon, nothing, number, pill, span, stateWord, tabs, timeOf } from "./dom.js";
import { callLine, callView } from "./wire.js";

const TABS = [["message", "Message"], ["life", "Life"], ["wire", "Wire"], ["receipt", "Receipts"]];
const FORCED = ["DELIVERED", "READ", "UNDELIVERABLE", "EXPIRED"];

export class MessageView {
  #app;
  #id = null;
  #tab = "message";
  #message = null;
  #top = h("div", { class: "detail-top" });
  #panel = h("div", { id: "panel", role: "tabpanel", class: "panel", tabindex: "0" });
  element = h("article", { class: "message" }, this.#top, this.#panel);

  constructor(app) {
    this.#app = app;
    // What tells of a message goes out a moment after the message has changed.
    this.refresh = calmed(() => this.#reload(), 300);
  }

  async show(id, tab) {
    const isOther = id !== this.#id;
    this.#id = id;
    this.#tab = TABS.some(([key]) => key === tab) ? tab : "message";
    if (isOther) this.#message = null;
    await this.#reload();
    if (isOther) this.#panel.scrollTop = 0;
  }

  /** Something is known of a message; perhaps of this one. */
  changed(message) {
    if (message.id !== this.#id) return;
    this.#message = message;
    this.#head();
    this.refresh();
  }

  /** A call is over; perhaps it was about this one. */
  called(call) {
    const isShown = this.#tab === "wire" || this.#tab === "receipt";
    if (isShown && call.messages.includes(this.#id)) this.refresh();
  }

  async #reload() {
    const id = this.#id;
    if (id === null) return;
    try {
      this.#message = await get(`/messages/${encodeURIComponent(id)}`);
    } catch (error) {
      if (id !== this.#id) return;
      this.#message = null;
      fill(this.#top, h("header", { class: "detail-head" }, this.#back()));
      fill(this.#panel, nothing("This message is not known", error.message));
      return;
    }
    if (id !== this.#id) return;
    this.#head();
    const panel = await this.#content(this.#message);
    if (id === this.#id) fill(this.#panel, panel);
  }

  #back() {
    return h("a", { class: "back", href: "#/messages", "aria-label": "Back to the list" }, icon("back"));
  }

  #head() {
    const message = this.#message;
    const focused = this.#top.contains(document.activeElement) ? document.activeElement.id : "";
    fill(this.#top,
      h("header", { class: "detail-head" },
        this.#back(),
        h("div", { class: "detail-title" },
          h("h1", {}, number(message.to)),
          h("p", {}, h("span", {}, message.sender || "nobody"), " · ", message.medium, " · ", timeOf(message.created_at))),
        pill(message.state),
        h("div", { class: "detail-tools" },
          this.#replies() && h("a", {
            class: "button ghost small", title: "Write as this subscriber",
            href: `#/incoming/${message.id}`,
          }, icon("reply"), "Reply"),
          h("button", { type: "button", class: "ghost small", title: "Forget this message", onclick: () => this.#forget() },
            icon("bin"), h("span", { class: "unseen" }, "Forget")))),
      tabs("What to show", TABS, this.#tab, (tab) => this.#app.go(`/messages/${this.#id}/${tab}`)));
    this.#panel.setAttribute("aria-labelledby", `tab-${this.#tab}`);
    if (focused) document.getElementById(focused)?.focus();
  }

  #replies() {
    const { medium, reason, ids } = this.#message;
    return !reason && ids.length > 0 && ["SMS", "VIBER", "WHATSAPP"].includes(medium);
  }

  async #forget() {
    const id = this.#id;
    // Nobody is to ask for it while it goes.
    this.#id = null;
    const done = await attempt(async () => {
      await remove(`/messages/${encodeURIComponent(id)}`);
      return true;
    }, "Forgotten");
    if (done) this.#app.go("/messages");
    else this.#id = id;
  }

  async #content(message) {
    switch (this.#tab) {
      case "life": return this.#life(message);
      case "wire": return this.#wire(message);
      case "receipt": return this.#receipts(message);
      default: return what(message);
    }
  }

  #life(message) {
    const began = new Date(message.life[0]?.at ?? message.created_at);
    let before = began;
    const steps = message.life.map((step) => {
      const at = new Date(step.at);
      const pause = (at - before) / 1000;
      before = at;
      return h("li", { class: `step is-${step.state.toLowerCase()}` },
        h("div", { class: "step-head" }, h("b", {}, stateWord(step.state)), h("code", {}, step.state),
          step.code !== null && h("span", { class: "quiet" }, `code ${step.code}`)),
        step.reason && h("p", {}, step.reason),
        h("p", { class: "quiet" }, timeOf(step.at, { full: true }), pause > 0 && ` · ${span(pause)} later`));
    });
    const buttons = FORCED.map((state) => h("button", {
      type: "button", class: `force is-${state.toLowerCase()}`, disabled: Boolean(message.reason),
      onclick: () => attempt(
        () => post(`/messages/${encodeURIComponent(message.id)}/state`, { state }),
        `Now ${stateWord(state).toLowerCase()}`,
      ),
    }, stateWord(state)));
    return [
      message.reason
        ? h("p", { class: "note is-bad" }, h("b", {}, "Refused. "), message.reason)
        : h("section", { class: "card" }, h("h2", {}, "End it now as"),
          h("div", { class: "buttons" }, buttons),
          h("p", { class: "quiet" }, "Receipts and callbacks go out as if it had come so by itself.")),
      h("ol", { class: "life" }, steps),
      message.resent && linkTo("What went in its place", message.resent),
      message.instead_of && linkTo("It went in place of", message.instead_of),
    ];
  }

  async #wire(message) {
    const { items } = await latest("/calls", { message: message.id, limit: 50 });
    const calls = items.filter((one) => !isReport(one)).reverse();
    if (calls.length === 0) {
      return nothing("No call is on record", "The journal keeps the latest calls. This one is older, or the message came by none.");
    }
    return [
      callView(await get(`/calls/${calls[0].id}`)),
      calls.length > 1 && h("section", { class: "card" }, h("h2", {}, "Later calls about it"),
        h("ul", { class: "lines" }, calls.slice(1).map((one) => h("li", {}, callLine(one))))),
    ];
  }

  async #receipts(message) {
    const [callbacks, { items }] = await Promise.all([
      get("/callbacks"), latest("/calls", { message: message.id, limit: 200 }),
    ]);
    const about = callbacks.filter((one) => one.messages.some((id) => message.ids.includes(id) || id === message.id));
    const reports = items.filter(isReport).reverse();
    if (about.length + reports.length === 0) {
      return nothing("Nothing has told of it",
        "A receipt goes to a bound SMPP client that asked for one. A callback goes to the URL that --callback names.");
    }
    return [
      about.map((one) => callbackCard(one)),
      reports.length > 0 && h("section", { class: "card" }, h("h2", {}, "Attempts"),
        h("ul", { class: "lines" }, reports.map((one) => h("li", {}, callLine(one))))),
    ];
  }
}

function isReport(call) {
  return call.protocol.endsWith("-callback") || call.operation === "deliver_sm";
}

function callbackCard(one) {
  const took = one.answered >= 200 && one.answered < 300;
  const became = one.given_up ? ["Given up", "bad"]
    : one.due ? [one.attempt ? "To be repeated" : "Waiting", "warn"]
      : took ? ["Taken", "good"] : ["Under way", "warn"];
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", {}, `Callback ${one.kind}`),
      h("span", { class: `pill tone-${became[1]}` }, became[0])),
    facts([
      ["Attempts", String(one.attempt)],
      ["Last answer", one.answered === null ? (one.attempt ? "none" : null) : `HTTP ${one.answered}`],
      ["Next attempt", one.due && timeOf(one.due, { full: true })],
    ]),
    h("pre", { class: "code" }, pretty(one.body)),
    one.call !== null && h("p", {}, h("a", { href: `#/calls/${one.call}` }, "The latest attempt on the wire")));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function linkTo(text, id) {
  return h("p", { class: "note" }, `${text}: `, h("a", { href: `#/messages/${id}` }, id));
}

/** What the recipient sees, and all that is known of it. */
function what(message) {
  const shown = message.medium === "EMAIL" ? mail(message) : bubble(message);
  return h("div", { class: message.medium === "EMAIL" ? "what is-mail" : "what" }, shown,
    h("div", { class: "known" },
      message.reason && h("p", { class: "note is-bad" }, h("b", {}, "Refused. "), message.reason),
      facts([
        ["To", number(message.to)],
        ["Sender", message.sender],
        ["Protocol", message.via],
        ["Account", message.login],
        ["Code", message.code === null ? null : String(message.code)],
        ["Price", String(Number(message.price))],
        ["Priority", message.priority],
        ["Validity", message.validity === null ? null : span(message.validity)],
        ["Your id", message.ref],
        [message.ids.length > 1 ? "Ids" : "Id", message.ids.length > 0 ? ids(message.ids) : null],
        ["Taken", timeOf(message.created_at, { full: true })],
        ["Scheduled for", message.send_at && timeOf(message.send_at, { full: true })],
        ["Sent", message.submitted_at && timeOf(message.submitted_at, { full: true })],
        ["Reported", message.reported_at && timeOf(message.reported_at, { full: true })],
        ["Fallback", message.resent && h("a", { href: `#/messages/${message.resent}` }, "went in its place")],
        ["In place of", message.instead_of && h("a", { href: `#/messages/${message.instead_of}` }, message.instead_of)],
      ]),
      extra(message)));
}

function ids(all) {
  return h("span", { class: "ids" }, all.slice(0, 20).map((id) => h("code", {}, id)),
    all.length > 20 && `and ${all.length - 20} more`, copyButton(all.join("\n")));
}

function extra({ content, medium }) {
  if (content === null || content === undefined || medium === "EMAIL") return null;
  return h("section", {}, h("h2", {}, "What it holds beside its text"),
    h("pre", { class: "code" }, JSON.stringify(content, null, 2)));
}
