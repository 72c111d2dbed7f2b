// A message as its recipient sees it: on a phone, or in a mail program.

import { count, facts, h, icon, nothing, stateWord, when } from "./dom.js";

/** A phone with the message on it, and below it how the text is cut. */
export function bubble(message) {
  const name = message.sender || "?";
  return h("div", { class: "phone-side" },
    h("figure", { class: `phone of-${message.medium.toLowerCase()}`, "aria-label": "As the recipient sees it" },
      h("div", { class: "phone-bar" },
        h("span", { class: "phone-face", "aria-hidden": "true" }, [...name][0].toUpperCase()),
        h("span", { class: "phone-name" }, h("b", {}, name), h("small", {}, message.medium))),
      h("div", { class: "phone-screen" },
        h("time", { class: "phone-day" }, when(message.submitted_at ?? message.created_at)),
        h("div", { class: "bubble" },
          image(message), message.text && h("p", { dir: "auto" }, message.text), button(message),
          !message.text && !message.content && h("p", { class: "quiet" }, "no text")),
        h("small", { class: "phone-state" }, ticks(message.state)))),
    message.medium === "SMS" && cut(message));
}

/** The image of a card is somewhere else, and nothing is fetched from there. */
function image({ content }) {
  if (!content?.image) return null;
  return h("span", { class: "bubble-image" }, "image", h("code", {}, content.image));
}

function button({ content }) {
  if (!content?.button) return null;
  return h("span", { class: "bubble-button", title: content.button.url }, content.button.caption);
}

function ticks(state) {
  return { DELIVERED: "✓ delivered", READ: "✓✓ read", CLICKED: "✓✓ followed its link" }[state] ?? stateWord(state).toLowerCase();
}

/** The parts, each with what it holds. */
function cut({ texts, alphabet, units_left: left, parts }) {
  if (!texts?.length || !alphabet) return null;
  return h("section", { class: "cut", "aria-label": "Parts" },
    h("p", {}, h("b", {}, count(parts || texts.length, "part")), ` · ${alphabet === "GSM7" ? "GSM 7-bit" : alphabet}`,
      left !== null && ` · ${count(left, "unit")} left`),
    texts.length > 1 && h("ol", {}, texts.map((text) => h("li", {}, text))));
}

/** A mail: its heads, and its HTML in a frame that may load nothing and run nothing. */
export function mail(message) {
  const content = message.content ?? {};
  const body = h("div", { class: "mail-body" });
  const views = [
    ["html", "HTML", () => h("iframe", {
      title: "The mail as HTML", sandbox: "", referrerpolicy: "no-referrer",
      src: `/_sandbox/ui/mails/${encodeURIComponent(message.id)}`,
    }), content.html],
    ["text", "Text", () => h("pre", { class: "mail-text" }, content.text), content.text],
    ["source", "Source", () => h("pre", { class: "code" }, content.html), content.html],
    ["headers", "Headers", () => facts(Object.entries(content.headers ?? {})), Object.keys(content.headers ?? {}).length],
  ].filter(([, , , has]) => has);
  const buttons = views.map(([key, label, make]) => h("button", {
    type: "button", class: "chip", "aria-pressed": "false", "data-view": key, onclick: () => choose(key, make),
  }, label));

  function choose(key, make) {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.view === key));
    body.replaceChildren(make());
  }

  if (views.length > 0) choose(views[0][0], views[0][2]);
  else body.append(nothing("This mail says nothing"));
  return h("section", { class: "mail" },
    h("header", {},
      h("h2", { dir: "auto" }, content.subject || "no subject"),
      h("p", {}, h("span", { class: "sign of-email" }, icon("mail")),
        h("span", {}, h("b", {}, content.sender_name || message.sender), h("br"),
          h("small", {}, `${message.sender} to ${content.recipient_name ? `${content.recipient_name}, ` : ""}${message.to}`)))),
    h("div", { class: "chips", role: "group", "aria-label": "Show the mail as" }, buttons),
    body,
    h("p", { class: "quiet" }, "Nothing is loaded from elsewhere: images of other hosts stay away."));
}
