// The six moments of a Change: where it is, in words, glyphs and colour.
const GLYPH = { done: "✓", current: "●", failed: "✕", ahead: "○" };
const SAID = { done: "done", current: "now", failed: "stopped here", ahead: "ahead" };

export default function (component) {
  const list = component.parentElement.querySelector("ol");
  list.replaceChildren(
    ...component.data.moments.map(([name, state]) => {
      const item = document.createElement("li");
      item.className = state;
      item.title = `${name}: ${SAID[state]}`;
      const bar = document.createElement("i");
      const text = document.createElement("span");
      text.textContent = `${GLYPH[state]} ${name}`;
      if (state === "current") item.setAttribute("aria-current", "step");
      item.append(bar, text);
      return item;
    }),
  );
}
