// Lines as they come: the newest stays in sight until somebody scrolls up.
const follow = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  const box = root.querySelector(".stream");
  const { lines, empty, height } = component.data;
  if (!follow.has(root)) follow.set(root, true);
  box.style.maxHeight = `${height}px`;
  box.onscroll = () => follow.set(root, box.scrollHeight - box.scrollTop - box.clientHeight < 30);
  const top = box.scrollTop;
  box.replaceChildren(...(lines.length ? lines.map(draw) : [note(empty)]));
  box.scrollTop = follow.get(root) ? box.scrollHeight : top;
}

function draw(line) {
  const row = document.createElement("div");
  row.className = `line ${line.color}`;
  const time = document.createElement("time");
  time.textContent = line.clock;
  time.title = line.at;
  const glyph = document.createElement("span");
  glyph.className = "glyph";
  glyph.textContent = line.glyph;
  const kind = document.createElement("span");
  kind.className = "kind";
  kind.textContent = line.kind;
  const text = document.createElement("span");
  text.className = "text";
  text.textContent = line.text;
  row.append(time, glyph, kind, text);
  return row;
}

function note(text) {
  const row = document.createElement("div");
  row.className = "empty";
  row.textContent = text;
  return row;
}
