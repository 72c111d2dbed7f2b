// The clock of a sandbox whose clock is driven.

import { attempt, get, live, post } from "./api.js";
import { fill, h, setToday } from "./dom.js";

const STEPS = [["+1 min", 60], ["+1 h", 3600], ["+2 days", 2 * 86400]];
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "full" });
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function create() {
  const face = h("div", { class: "clock-face", role: "status" });
  const seconds = h("input", {
    type: "number", min: "0.1", step: "any", name: "seconds", placeholder: "90", required: true, "aria-label": "Seconds",
  });
  const element = h("div", { class: "page" },
    h("section", { class: "card clock" }, face,
      h("p", { class: "quiet" }, "This clock stands still until it is told to go on. What is due then happens, in order."),
      h("div", { class: "buttons" }, STEPS.map(([label, step]) => h("button", {
        type: "button", onclick: () => advance(step),
      }, label))),
      h("form", { class: "inline", onsubmit: (event) => {
        event.preventDefault();
        advance(Number(seconds.value));
      } }, seconds, h("button", { class: "ghost" }, "Let these seconds pass"))));

  async function advance(step) {
    const told = await attempt(() => post("/clock", { advance: step }));
    if (told) show(told.now);
  }

  function show(now) {
    setToday(now);
    const at = new Date(now);
    fill(face, h("b", {}, TIME.format(at)), h("span", {}, DATE.format(at)));
  }

  async function enter() {
    show((await get("/clock")).now);
  }

  live.on("refresh", () => element.isConnected && enter());
  return { element, title: "Clock", enter };
}
