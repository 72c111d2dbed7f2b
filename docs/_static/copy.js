// A button at each block of code that copies it: of a session in a shell the commands alone.
"use strict";

addEventListener("DOMContentLoaded", () => {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("div.highlight")) {
    const code = block.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "copy";
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", async () => {
      const isSession = block.parentElement.className.includes("highlight-console");
      const lines = code.textContent.replace(/\n$/, "").split("\n");
      const commands = [];
      let goesOn = false;
      for (const line of lines) {
        if (!isSession || goesOn || line.startsWith("$ ")) {
          commands.push(isSession && !goesOn ? line.slice(2) : line);
          goesOn = isSession && line.endsWith("\\");
        }
      }
      await navigator.clipboard.writeText(commands.join("\n"));
      button.textContent = "copied";
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
    block.append(button);
  }
});
