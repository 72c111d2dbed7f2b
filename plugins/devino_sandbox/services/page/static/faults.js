// Failures on order: what is on order, a form to order one, and how to cancel it.

import { attempt, get, live, post, remove } from "./api.js";
import { fill, h, icon, nothing } from "./dom.js";

const ACTIONS = {
  error: ["Answer an error of the protocol", [["code", "Code", { required: true }], ["description", "Description"]]],
  http: ["Answer an HTTP status", [["status", "Status", { required: true, type: "number", min: 200, max: 599, value: "503" }], ["body", "Body"]]],
  drop: ["Close the connection before it is carried out", []],
  "drop-answer": ["Carry it out and close instead of answering", []],
  hang: ["Never answer", []],
  repeat: ["Send a callback again", [["times", "Times more", { type: "number", min: 1, value: "1" }]]],
  hold: ["Hold a callback back", [["seconds", "Seconds", { type: "number", min: 1, value: "60" }]]],
};
const NUMBERS = new Set(["nth", "times", "chance", "status", "seconds"]);

export function create() {
  const rows = h("ul", { class: "fault-list" });
  const parameters = h("div", { class: "pair", id: "action" });
  const names = h("datalist", { id: "protocols" });
  const operations = h("datalist", { id: "operations" });
  const known = {};
  const field = (name, label, attributes = {}) => h("label", { class: "field" }, h("span", {}, label),
    h("input", { name, autocomplete: "off", "aria-label": label, ...attributes }));
  const action = h("select", { name: "do", "aria-label": "What happens", onchange: ask },
    Object.entries(ACTIONS).map(([key, [label]]) => h("option", { value: key }, label)));
  const form = h("form", { class: "card form", onsubmit: order },
    h("h2", {}, "Order a failure"),
    h("div", { class: "pair" },
      field("protocol", "Protocol", { list: "protocols", placeholder: "any", oninput: suggest }),
      field("operation", "Operation", { list: "operations", placeholder: "any" })),
    h("div", { class: "pair" },
      field("to", "To, a number or address", { placeholder: "anybody" }),
      h("label", { class: "field" }, h("span", {}, "What happens"), action)),
    parameters,
    h("details", {}, h("summary", {}, "Which of these calls"),
      h("div", { class: "pair is-three" },
        field("nth", "From the nth on", { type: "number", min: 1, placeholder: "1" }),
        field("times", "How many; 0: all", { type: "number", min: 0, placeholder: "1" }),
        field("chance", "Chance, 0 to 1", { type: "number", min: 0, max: 1, step: "any", placeholder: "certain" }))),
    names, operations,
    h("div", { class: "form-end" }, h("button", { class: "primary" }, "Order it")));
  const all = h("button", { type: "button", class: "ghost small", hidden: true, onclick: cancelAll }, "Cancel all");
  const element = h("div", { class: "page" },
    h("section", { class: "card" },
      h("div", { class: "card-head" }, h("h2", {}, "On order"), all), rows),
    form);

  function ask() {
    fill(parameters, ACTIONS[action.value][1].map(([name, label, attributes]) => field(`action.${name}`, label, attributes)));
  }

  function suggest() {
    const told = known[form.elements.protocol.value] ?? [];
    fill(operations, told.map((one) => h("option", { value: one })));
  }

  async function order(event) {
    event.preventDefault();
    const fault = { action: { do: action.value } };
    for (const [name, value] of new FormData(form)) {
      if (value === "" || name === "do") continue;
      const key = name.replace("action.", "");
      const said = NUMBERS.has(key) || (key === "code" && /^-?\d+$/.test(value)) ? Number(value) : value;
      if (name.startsWith("action.")) fault.action[key] = said;
      else fault[key] = key === "times" && said === 0 ? null : said;
    }
    const listing = await attempt(() => post("/faults", fault), "Ordered");
    if (listing) show(listing);
  }

  async function cancelAll() {
    show(await attempt(() => remove("/faults"), "Cancelled") ?? []);
  }

  function show(listing) {
    all.hidden = listing.length < 2;
    fill(rows, listing.length === 0
      ? nothing("Nothing is to fail", "Order a failure of any call, and see what your program does.")
      : listing.map((fault) => h("li", {},
        icon("faults"),
        h("span", {}, h("b", {}, what(fault.action)), h("span", { class: "quiet" }, which(fault))),
        h("button", {
          type: "button", class: "ghost small", "aria-label": `Cancel fault ${fault.id}`,
          onclick: async () => {
            const left = await attempt(() => remove(`/faults/${fault.id}`), "Cancelled");
            if (left) show(left);
          },
        }, "Cancel"))));
  }

  async function reload() {
    show(await get("/faults"));
  }

  // A fault that has met its last call is on order no more.
  live.on("call", (call) => call.fault !== null && reload());
  live.on("refresh", reload);
  ask();
  return {
    element,
    title: "Faults",
    async enter() {
      await reload();
      Object.assign(known, await get("/operations"));
      fill(names, Object.keys(known).map((one) => h("option", { value: one })));
    },
  };
}

function what(action) {
  const [label, fields] = ACTIONS[action.do];
  const told = fields.map(([name]) => action[name]).filter((one) => one !== undefined && one !== null && one !== "");
  return told.length > 0 ? `${label}: ${told.join(", ")}` : label;
}

function which(fault) {
  const call = [fault.protocol ?? "any protocol", fault.operation ?? "any call", fault.to && `to ${fault.to}`];
  const often = fault.times === null ? "all" : `${fault.times ?? 1}`;
  const nth = fault.nth ?? 1;
  return [
    ...call, nth > 1 && `from call ${nth} on`, `${often} of them`, fault.chance && `with a chance of ${fault.chance}`,
  ].filter(Boolean).join(" · ");
}
