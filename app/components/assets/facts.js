// One line of facts: words, identifiers that are copied by a click, and times that stay relative with the absolute on hover.
const UNITS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86400, 3600, "h"],
  [Infinity, 86400, "d"],
];

export default function (component) {
  const line = component.parentElement.querySelector(".facts");
  line.replaceChildren();
  component.data.parts.forEach((part) => line.append(draw(part)));
  const tick = () => line.querySelectorAll("time").forEach(say);
  tick();
  const timer = setInterval(tick, 5000);
  return () => clearInterval(timer);
}

function draw(part) {
  if (part.kind === "time") {
    const node = document.createElement("time");
    node.dateTime = part.iso;
    node.title = `${part.absolute}\n${new Date(part.iso).toLocaleString()} here`;
    node.tabIndex = 0;
    return node;
  }
  if (part.kind === "copy") {
    const node = document.createElement("button");
    node.textContent = part.text;
    node.title = `Copy ${part.full}`;
    node.onclick = async () => {
      await navigator.clipboard.writeText(part.full);
      node.textContent = "✓ copied";
      setTimeout(() => (node.textContent = part.text), 1200);
    };
    return node;
  }
  const node = document.createElement("span");
  node.textContent = part.text;
  if (part.kind === "strong") node.className = "strong";
  return node;
}

function say(node) {
  const seconds = Math.round((Date.now() - Date.parse(node.dateTime)) / 1000);
  const away = Math.abs(seconds);
  const [, size, unit] = UNITS.find(([limit]) => away < limit);
  const text = `${Math.max(0, Math.floor(away / size))} ${unit}`;
  node.textContent = away < 5 ? "just now" : seconds < 0 ? `in ${text}` : `${text} ago`;
}
