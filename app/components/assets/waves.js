// The steps of a rollout, wave by wave: what is behind, where it stands, what is ahead.
const GLYPH = { done: "✓", current: "●", held: "!", failed: "✕", ahead: "○" };
const SAID = { done: "done", current: "now", held: "held here", failed: "stopped", ahead: "ahead" };

export default function (component) {
  const list = component.parentElement.querySelector("ol");
  list.replaceChildren(
    ...component.data.steps.map(([wave, text, state]) => {
      const item = document.createElement("li");
      item.className = state;
      item.title = `${wave}: ${text} (${SAID[state]})`;
      const bar = document.createElement("i");
      const name = document.createElement("b");
      name.textContent = wave;
      const words = document.createElement("span");
      words.textContent = `${GLYPH[state]} ${text}`;
      if (state === "current" || state === "held") item.setAttribute("aria-current", "step");
      item.append(name, bar, words);
      return item;
    }),
  );
}
