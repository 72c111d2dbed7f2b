// Accounts, where the services are, codes, sessions; and a fresh start.

import { attempt, calmed, get, live, post, remove } from "./api.js";
import { confirmed, copyButton, facts, fill, h, number } from "./dom.js";
import { steps } from "./start.js";

export function create(app) {
  const element = h("div", { class: "page" });

  async function show() {
    const [index, codes, mails] = await Promise.all([
      get(""), get("/codes").catch(() => []), get("/mail-senders").catch(() => ({})),
    ]);
    fill(element,
      index.accounts.map((one) => account(one)),
      h("section", { class: "card" }, h("h2", {}, "Where it is"),
        h("dl", { class: "facts endpoints" }, Object.entries(index.endpoints).map(([name, where]) => [
          h("dt", {}, name), h("dd", {}, h("code", {}, where), copyButton(where)),
        ])),
        h("p", { class: "quiet" }, `devino ${index.version}`)),
      steps(index),
      codes.length > 0 && h("section", { class: "card" }, h("h2", {}, "Two-factor codes"),
        h("table", {}, h("thead", {}, h("tr", {}, ["Number", "Code", "State", "Wrong tries"].map((one) => h("th", {}, one)))),
          h("tbody", {}, codes.toReversed().slice(0, 50).map((one) => h("tr", {},
            h("td", {}, number(one.to)), h("td", {}, h("code", {}, one.code)), h("td", {}, one.state), h("td", {}, String(one.attempts))))))),
      mailSenders(mails),
      h("section", { class: "card" }, h("h2", {}, "Start afresh"),
        h("p", { class: "quiet" }, "Forgets messages, calls, faults and what services keep, and gives back what was spent. Connections stay."),
        h("div", { class: "buttons" },
          h("button", { type: "button", class: "danger", onclick: reset }, "Reset the sandbox"),
          h("button", { type: "button", class: "ghost", onclick: endSessions }, "End all sessions"))));
  }

  function account(one) {
    return h("section", { class: "card account" },
      h("div", { class: "card-head" }, h("h2", {}, one.login), h("span", { class: "balance" }, money(one.balance))),
      facts([
        ["Sessions", String(one.sessions)],
        ["Senders", one.senders === null ? "every well-formed one" : one.senders.join(", ")],
      ]));
  }

  function mailSenders(mails) {
    const listed = Object.entries(mails).flatMap(([login, known]) =>
      Object.entries(known).map(([address, state]) => ({ login, address, state })));
    return listed.length > 0 && h("section", { class: "card" }, h("h2", {}, "Addresses that mails come from"),
      h("table", {}, h("tbody", {}, listed.map((one) => h("tr", {},
        h("td", {}, one.address), h("td", {}, one.state),
        h("td", { class: "buttons" }, ["Approve", "Reject"].map((state) => h("button", {
          type: "button", class: "ghost small",
          onclick: () => attempt(() => post("/mail-senders", { address: one.address, state, login: one.login }), `${state}d`).then(show),
        }, state))))))));
  }

  async function reset() {
    if (!await confirmed("Reset the sandbox?", "All messages, calls and faults are forgotten.", "Forget all")) return;
    await attempt(() => post("/reset", {}), "The sandbox is as new");
    app.go("/messages");
  }

  async function endSessions() {
    await attempt(() => remove("/sessions"), "All sessions have ended");
    await show();
  }

  const refresh = calmed(() => element.isConnected && show(), 1000);
  live.on("message call refresh", refresh);
  return { element, title: "Account", enter: show };
}

function money(text) {
  return Number(text).toLocaleString("en", { maximumFractionDigits: 4 });
}
