// The journal: every call of every protocol, failures in red.

import { get, live } from "./api.js";
import { count, fill, h, icon, nothing, span, timeOf } from "./dom.js";
import { LiveList } from "./list.js";
import { callView } from "./wire.js";

export function create(app) {
  const filter = { failed: "", protocol: "" };
  const protocols = h("select", { "aria-label": "Protocol", onchange: () => change("protocol", protocols.value) },
    h("option", { value: "" }, "Any protocol"));
  const chips = [["", "All"], ["true", "Failed"]].map(([value, text]) => h("button", {
    type: "button", class: "chip", "aria-pressed": String(value === ""), "data-value": value,
    onclick: () => change("failed", value),
  }, text));
  const list = new LiveList({
    path: "/calls",
    parameters: () => filter,
    fits: (call) => (!filter.failed || call.failed) && (!filter.protocol || call.protocol === filter.protocol),
    isFiltered: () => Boolean(filter.failed || filter.protocol),
    row,
    counted: (total) => count(total, "call"),
    empty: () => nothing("No call yet", "Each call of each protocol is shown here, also what is no HTTP at all."),
  });
  const pane = h("section", { class: "detail", "aria-label": "Call" });
  const element = h("div", { class: "split" },
    h("section", { class: "side", "aria-label": "Calls" },
      h("div", { class: "filter is-row" }, h("div", { class: "chips", role: "group", "aria-label": "Which calls" }, chips), protocols),
      list.element),
    pane);

  function change(key, value) {
    filter[key] = value;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.value === filter.failed));
    list.reload();
  }

  function row(call) {
    if (![...protocols.options].some((one) => one.value === call.protocol)) {
      protocols.append(h("option", { value: call.protocol }, call.protocol));
    }
    return h("a", { href: `#/calls/${call.id}`, class: call.failed ? "row call is-bad" : "row call" },
      h("span", { class: "row-main" },
        h("span", { class: "row-top" }, h("b", {}, call.operation ?? "no operation"), timeOf(call.at)),
        h("span", { class: "row-end" },
          h("span", { class: "row-meta" }, [
            call.protocol, call.peer, call.seconds !== null && span(call.seconds),
            call.messages.length > 0 && count(call.messages.length, "message"),
          ].filter(Boolean).join(" · ")),
          call.fault !== null && h("span", { class: "pill tone-warn", title: "A fault has met it" }, icon("faults"), "fault"),
          h("span", { class: "outcome" }, call.outcome))));
  }

  async function show(id) {
    element.classList.toggle("has-detail", Boolean(id));
    if (!id) {
      pane.replaceChildren(nothing("No call is chosen", "Choose one to see the request and the answer as they were on the wire."));
      return;
    }
    const head = h("header", { class: "detail-head" },
      h("a", { class: "back", href: "#/calls", "aria-label": "Back to the list" }, icon("back")),
      h("div", { class: "detail-title" }, h("h1", {}, `Call ${id}`)));
    const panel = h("div", { class: "panel", tabindex: "0" });
    try {
      const call = await get(`/calls/${encodeURIComponent(id)}`);
      fill(head.lastElementChild, h("h1", {}, call.operation ?? call.protocol),
        h("p", {}, `${call.protocol} · ${call.outcome}`));
      fill(panel, callView(call));
    } catch (error) {
      fill(panel, nothing("This call is not known", error.message));
    }
    pane.replaceChildren(h("article", { class: "message" }, head, panel));
  }

  live.on("call", (call) => list.add(call));
  live.on("refresh", () => list.refresh());
  const ready = list.reload();
  let shown = null;
  return {
    element,
    title: "Calls",
    async enter([id]) {
      shown = id ?? null;
      list.choose(shown);
      await ready;
      await show(id);
    },
    keys: {
      j: () => list.step(1),
      k: () => list.step(-1),
      Escape: () => shown && app.go("/calls"),
    },
  };
}
