// A call of the journal: as it was on the wire, decoded, in octets, and as curl.

import { copyButton, facts, fill, h, icon, span, timeOf } from "./dom.js";

/** One line that leads to a call. */
export function callLine(call) {
  return h("a", { class: call.failed ? "line is-bad" : "line", href: `#/calls/${call.id}` },
    h("span", { class: "line-what" }, call.operation ?? call.protocol),
    h("span", { class: "outcome" }, call.outcome),
    timeOf(call.at));
}

/** All of a call. */
export function callView(call) {
  return [
    call.fault !== null && h("p", { class: "note is-warn" }, icon("faults"), `Fault ${call.fault} has met it.`),
    facts([
      ["Operation", call.operation],
      ["Outcome", h("span", { class: call.failed ? "outcome is-bad" : "outcome" }, call.outcome)],
      ["Protocol", call.protocol],
      ["Peer", call.peer],
      ["At", timeOf(call.at, { full: true })],
      ["Took", call.seconds === null ? null : span(call.seconds)],
      ["Call id", call.call_id ? h("code", {}, call.call_id) : null],
      ["Messages", call.messages.length > 0 ? messages(call.messages) : null],
    ], "sheet"),
    exchange("Request", call.request, curl(call)),
    call.answer ? exchange("Answer", call.answer)
      : h("section", { class: "card wire" }, h("h2", {}, "Answer"), h("p", { class: "quiet" }, "There was none.")),
  ];
}

function messages(ids) {
  return h("span", { class: "ids" },
    ids.slice(0, 10).map((id) => h("a", { href: `#/messages/${id}` }, id)),
    ids.length > 10 && `and ${ids.length - 10} more`);
}

/** One side of a call, with a choice of forms. */
function exchange(title, wire, command = null) {
  const forms = [];
  const fields = decoded(wire);
  if (fields) forms.push(["Decoded", () => fields, () => wire.decoded ?? wire.body]);
  if (wire.is_hex) forms.push(["Hex", () => h("pre", { class: "code hex" }, hexDump(wire.body)), () => wire.body]);
  else forms.push(["Raw", () => h("pre", { class: "code" }, raw(wire)), () => raw(wire)]);
  if (command) forms.push(["curl", () => h("pre", { class: "code" }, command), () => command]);
  let chosen = forms[0];
  const body = h("div", { class: "wire-body" });
  const chips = forms.map((form) => h("button", {
    type: "button", class: "chip", onclick: () => choose(form),
  }, form[0]));

  function choose(form) {
    chosen = form;
    chips.forEach((chip, place) => chip.setAttribute("aria-pressed", String(forms[place] === form)));
    fill(body, form[1](), form[0] === "curl" && masked(command)
      && h("p", { class: "quiet" }, "Credentials are masked: put yours where *** stands."));
  }

  choose(chosen);
  return h("section", { class: "card wire" },
    h("div", { class: "card-head" }, h("h2", {}, title),
      h("div", { class: "chips", role: "group", "aria-label": `Show the ${title.toLowerCase()} as` }, chips),
      copyButton(() => chosen[2]())),
    body,
    h("p", { class: "quiet" }, `${wire.size.toLocaleString("en")} octets of body`,
      wire.truncated && ", of which the journal keeps the beginning"));
}

function raw(wire) {
  return [wire.head.trimEnd(), wire.body].filter(Boolean).join("\n\n");
}

function masked(text) {
  return text.includes("***");
}

/** What the codec says of a PDU; of HTTP the arguments, or the JSON laid out. */
function decoded(wire) {
  if (wire.decoded) return h("pre", { class: "code" }, wire.decoded);
  if (wire.is_hex) return null;
  const kind = /^content-type:\s*([^;\s]+)/im.exec(wire.head)?.[1]?.toLowerCase() ?? "";
  const target = /^\S+ \S+?\?(\S*) HTTP/.exec(wire.head)?.[1];
  const shown = [];
  if (target) shown.push(table(target));
  if (kind === "application/x-www-form-urlencoded" && wire.body) shown.push(table(wire.body));
  else if (wire.body && !wire.truncated && /^\s*[[{"\d]/.test(wire.body)) {
    try {
      shown.push(h("pre", { class: "code" }, JSON.stringify(exact(wire.body), null, 2)));
    } catch {
      // It was no JSON after all.
    }
  }
  return shown.length > 0 ? shown : null;
}

/** JSON whose ids may be longer than a number of JavaScript holds. */
function exact(text) {
  const kept = text.replace(/([[,:\s])(-?\d{16,})(?=\s*[\],}])/g, '$1"$2"');
  return JSON.parse(kept);
}

function table(query) {
  return facts([...new URLSearchParams(query)].map(([name, value]) => [name, value || "(empty)"]));
}

/** Sixteen octets a line, with what they say in ASCII. */
function hexDump(hex) {
  const octets = hex.match(/[0-9a-f]{2}|\*\*/gi) ?? [];
  const lines = [];
  for (let at = 0; at < octets.length; at += 16) {
    const some = octets.slice(at, at + 16);
    const ascii = some.map((octet) => {
      const code = parseInt(octet, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : "·";
    });
    const left = some.slice(0, 8).join(" ");
    const right = some.slice(8).join(" ");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${ascii.join("")}`);
  }
  return lines.join("\n");
}

const BY_CURL_ITSELF = new Set(["host", "content-length", "connection", "accept-encoding", "transfer-encoding"]);

/** The call as a command; null for what is no HTTP, and for what the sandbox itself has asked. */
export function curl(call) {
  const { head, body, is_hex: isHex } = call.request;
  const line = /^([A-Z]+) (\S+) HTTP/.exec(head);
  if (!line || isHex || call.protocol.endsWith("-callback")) return null;
  const [, method, target] = line;
  const headers = head.split(/\r?\n/).slice(1).filter(Boolean)
    .filter((one) => !BY_CURL_ITSELF.has(one.split(":", 1)[0].toLowerCase()));
  const words = ["curl", ...(method === "GET" && !body ? [] : ["-X", method])];
  const lines = [`${words.join(" ")} ${quoted(location.origin + target)}`];
  for (const one of headers) lines.push(`-H ${quoted(one)}`);
  if (body) lines.push(`--data-binary ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
