// Campaigns of mails: how far each is, and what became of its mails.

import { calmed, get, live } from "./api.js";
import { count, facts, fill, h, nothing, stateWord, timeOf } from "./dom.js";

export function create() {
  const element = h("div", { class: "page" });

  async function show() {
    const campaigns = await get("/campaigns").catch(() => []);
    fill(element, campaigns.length === 0
      ? nothing("No campaign yet", "Campaigns are made over the e-mail interface.")
      : campaigns.toReversed().map(campaign));
  }

  const refresh = calmed(() => element.isConnected && show(), 500);
  live.on("message state call refresh", refresh);
  return { element, title: "Campaigns", enter: show };
}

const TONES = { Started: "good", Finished: "good", Canceled: "bad", Failed: "bad", Deleted: "bad", Stopped: "warn" };

function campaign(one) {
  const done = one.total ? Math.min(1, one.sent / one.total) : 0;
  const meter = h("span", {
    class: "meter", role: "progressbar", "aria-label": "Sent",
    "aria-valuemin": "0", "aria-valuemax": String(one.total), "aria-valuenow": String(one.sent),
  }, h("i", {}));
  meter.firstChild.style.width = `${done * 100}%`;
  return h("section", { class: "card campaign" },
    h("div", { class: "card-head" }, h("h2", {}, one.name || `Campaign ${one.id}`),
      h("span", { class: `pill tone-${TONES[one.state] ?? "plain"}` }, one.state)),
    h("p", {}, one.subject || "no subject"),
    meter,
    h("p", { class: "quiet" }, `${one.sent} of ${count(one.total, "recipient")}`,
      Object.entries(one.states).map(([state, number]) => ` · ${number} ${stateWord(state).toLowerCase()}`)),
    facts([
      ["Id", h("code", {}, String(one.id))],
      ["Sender", one.sender],
      ["Account", one.login],
      ["Starts", timeOf(one.starts_at, { full: true })],
    ]));
}
