// What subscribers wrote, and a form to write as one.

import { attempt, live, post } from "./api.js";
import { count, fill, h, icon, nothing, number, timeOf } from "./dom.js";
import { LiveList } from "./list.js";
import { find, sign } from "./messages.js";

export function create() {
  const list = new LiveList({
    path: "/incoming",
    parameters: () => ({}),
    fits: () => true,
    isFiltered: () => false,
    row,
    counted: (total) => count(total, "incoming message"),
    empty: () => nothing("Nobody has written", "Write as a subscriber, and every protocol that fetches or is told of incoming messages has one."),
  });
  const answered = h("p", { class: "note", hidden: true });
  const field = (name, label, attributes = {}) => h("label", { class: "field" }, h("span", {}, label),
    h(name === "text" ? "textarea" : "input", { name, autocomplete: "off", "aria-label": label, ...attributes }));
  const medium = h("select", { name: "medium", "aria-label": "By" },
    ["SMS", "VIBER", "WHATSAPP"].map((one) => h("option", { value: one }, one)));
  const form = h("form", { class: "card form", onsubmit: send },
    h("h2", {}, "Write as a subscriber"),
    answered,
    h("div", { class: "pair" },
      field("sender", "From, a phone number", { required: true, inputmode: "tel", placeholder: "79161234567" }),
      field("to", "To, a number or sender of yours", { placeholder: "1234" })),
    field("text", "Text", { rows: "3", required: true }),
    h("div", { class: "pair" },
      h("label", { class: "field" }, h("span", {}, "By"), medium),
      field("prefix", "Prefix", { placeholder: "none" })),
    h("div", { class: "form-end" }, h("button", { class: "primary" }, "Send")));
  const element = h("div", { class: "split is-form" },
    h("section", { class: "side", "aria-label": "Incoming messages" }, list.element),
    h("section", { class: "detail" }, h("div", { class: "panel" }, form)));
  let inReplyTo = null;

  function row(incoming) {
    return h("a", { class: "row", href: `#/incoming`, onclick: () => again(incoming) },
      sign(incoming.medium),
      h("span", { class: "row-main" },
        h("span", { class: "row-top" }, h("b", {}, number(incoming.sender)), timeOf(incoming.at)),
        h("span", { class: "row-text" }, incoming.text || "no text"),
        h("span", { class: "row-end" }, h("span", { class: "row-meta" },
          [`to ${incoming.to}`, incoming.login, incoming.prefix && `prefix ${incoming.prefix}`, incoming.in_reply_to && "an answer"]
            .filter(Boolean).join(" · ")))));
  }

  function again(incoming) {
    set({ sender: incoming.sender, to: incoming.to, medium: incoming.medium });
    form.elements.text.focus();
  }

  function set(values) {
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  }

  async function send(event) {
    event.preventDefault();
    const body = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    body.text = form.elements.text.value;
    if (inReplyTo) body.in_reply_to = inReplyTo;
    const sent = await attempt(() => post("/incoming", body), "Sent");
    if (!sent) return;
    list.add(sent);
    form.elements.text.value = "";
    form.elements.text.focus();
  }

  live.on("incoming", (incoming) => list.add(incoming));
  live.on("refresh", () => list.refresh());
  list.reload();
  return {
    element,
    title: "Incoming",
    async enter([id]) {
      inReplyTo = null;
      answered.hidden = true;
      const message = id ? await find(id) : null;
      if (!message) return;
      inReplyTo = message.ids[0];
      set({ sender: message.to, to: message.sender, medium: message.medium });
      fill(answered, icon("reply"), "It answers ", h("a", { href: `#/messages/${message.id}` }, `“${message.text.slice(0, 60)}”`));
      answered.hidden = false;
      form.elements.text.focus();
    },
  };
}
