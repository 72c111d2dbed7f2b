// What to write into a program so that it sends here.

import { get } from "./api.js";
import { copyButton, h } from "./dom.js";

/** Shown where no message has come yet. */
export async function firstSteps() {
  const index = await get("");
  return h("div", { class: "first" },
    h("h1", {}, "Ready for your first message"),
    h("p", {}, "Point a program here and send. What it sends appears on this page at once, and nothing leaves this machine."),
    steps(index));
}

/** The lines of configuration, with the ports that there are. */
export function steps({ endpoints, accounts }) {
  const [account] = accounts;
  const login = account?.login ?? "demo";
  // The API tells no password. It is the login's where nobody has chosen another.
  const password = login === "demo" ? "demo" : "PASSWORD";
  const sender = account?.senders?.[0] ?? "DEVINO";
  const send = `${endpoints.rest_v2}/Sms/Send`;
  const all = { Login: login, Password: password, SourceAddress: sender, DestinationAddress: "79161234567", Data: "Hello" };
  const lines = [];
  if (endpoints.rest) {
    const settings = { login, password, sender, base_url: endpoints.rest };
    const told = Object.entries(settings).map(([name, value]) => `"${name}": "${value}"`).join(", ");
    lines.push(["Python", `client = Client({"rest": {${told}}})`]);
  }
  if (endpoints.rest_v2) {
    lines.push(["curl", `curl ${Object.entries(all).map(([name, value]) => `-d ${name}=${value}`).join(" ")} ${send}`]);
    const php = Object.entries(all).map(([name, value]) => `"${name}" => "${value}"`).join(", ");
    lines.push(["PHP", `file_get_contents("${send}?" . http_build_query([${php}]), false, stream_context_create(["http" => ["method" => "POST"]]));`]);
  }
  if (endpoints.smpp) {
    const at = endpoints.smpp.lastIndexOf(":");
    lines.push(["SMPP", `host=${endpoints.smpp.slice(0, at)} port=${endpoints.smpp.slice(at + 1)} system_id=${login} password=${password}`]);
  }
  return h("section", { class: "card steps" }, h("h2", {}, "Send here"),
    h("dl", {}, lines.map(([name, line]) => [
      h("dt", {}, name), h("dd", {}, h("code", {}, line), copyButton(line)),
    ])),
    h("p", { class: "quiet" }, password === "demo"
      ? "The password is demo, unless the sandbox was started with another."
      : "The password is the one that the sandbox was started with."));
}
