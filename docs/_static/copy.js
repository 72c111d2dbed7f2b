// A button at each block of code that copies it: of a session in a shell the commands alone.
"use strict";

const WORDS = {
  en: { copy: "copy", copied: "copied", label: "Copy this code" },
  ru: { copy: "копировать", copied: "скопировано", label: "Скопировать этот код" },
};

addEventListener("DOMContentLoaded", () => {
  if (!navigator.clipboard) return;
  const words = WORDS[document.documentElement.lang] ?? WORDS.en;
  for (const block of document.querySelectorAll("div.highlight")) {
    const code = block.querySelector("pre");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.setAttribute("aria-label", words.label);
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
      button.textContent = words.copied;
      setTimeout(() => (button.textContent = words.copy), 1500);
    });
    block.append(button);
  }
});
