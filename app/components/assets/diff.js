// Difference of many resources as one virtual list: only the rows in sight are in the page. Data is set by textContent.
const ROW = 20;
const FOLD_OVER = 8;
const KEEP = 3;
const STATUS = {
  added: { glyph: "+", word: "added" },
  removed: { glyph: "−", word: "removed" },
  changed: { glyph: "~", word: "changed" },
  hand: { glyph: "=", word: "set by hand" },
  unchanged: { glyph: "=", word: "unchanged" },
};
const WHOLE = { added: "It comes with all its fields.", removed: "It goes with all its fields." };
const RISK = "Risk: ";
const LETTER = 6.1; // pixels that a letter of a note takes at most
const QUIET = new Set(["hand", "unchanged"]);
const states = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  const data = component.data;
  let state = states.get(root);
  if (!state || state.digest !== data.digest) {
    state = fresh(data, state);
    states.set(root, state);
  }
  build(root, data, state);
}

function fresh(data, previous) {
  const shown = new Set(["added", "removed", "changed", "hand"]);
  const folded = new Set();
  const many = data.resources.length > 40;
  data.resources.forEach((resource, at) => {
    if (many && resource.status !== "changed") folded.add(at);
  });
  return {
    digest: data.digest,
    shown,
    folded,
    opened: new Set(),
    mode: previous ? previous.mode : "unified",
    context: previous ? previous.context : false,
    columns: previous ? previous.columns : 120,
    search: "",
    at: -1,
  };
}

function el(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function parse(resource) {
  if (resource.parsed) return resource.parsed;
  let left = 0;
  let right = 0;
  const out = (resource.text ? resource.text.split("\n") : []).map((line) => {
    const op = line[0];
    const row = { op, text: line.slice(1), left: 0, right: 0 };
    if (op !== "+") row.left = ++left;
    if (op !== "-") row.right = ++right;
    return row;
  });
  mark(out, resource.moves || []);
  pairUp(out);
  resource.parsed = out;
  return out;
}

// Lines that moved know the line that they are on the other side; the first of a block says so in words.
function mark(rows, moves) {
  if (!moves.length) return;
  const went = new Map();
  const came = new Map();
  for (const row of rows) {
    if (row.op === "-") went.set(row.left, row);
    else if (row.op === "+") came.set(row.right, row);
  }
  for (const [left, right, count] of moves) {
    const lines = count === 1 ? "1 line" : `${count} lines`;
    for (let n = 0; n < count; n += 1) {
      const [from, to] = [went.get(left + n), came.get(right + n)];
      if (!from || !to) continue;
      from.other = to;
      to.other = from;
      if (n) continue;
      from.told = `${lines} moved to line ${right}`;
      to.told = `${lines} moved from line ${left}`;
    }
  }
}

// The rows in runs: an unchanged one by itself, or removed rows with the added ones that follow them.
function* runs(rows) {
  for (let i = 0; i < rows.length; ) {
    const from = i;
    while (i < rows.length && rows[i].op === "-") i += 1;
    const middle = i;
    while (i < rows.length && rows[i].op === "+") i += 1;
    if (i > from) yield { same: null, gone: rows.slice(from, middle), come: rows.slice(middle, i) };
    else yield { same: rows[i++], gone: [], come: [] };
  }
}

// Removed lines followed by added ones are pairs, in order and but for those that moved: their differing middle is
// marked, and they share a line side by side.
function pairUp(rows) {
  for (const run of runs(rows)) {
    const [gone, come] = [run.gone, run.come].map((part) => part.filter((row) => !row.other));
    for (let n = 0; n < Math.min(gone.length, come.length); n += 1) {
      gone[n].mate = come[n];
      come[n].mate = gone[n];
    }
  }
}

function flatten(data, state) {
  const needle = state.search.toLowerCase();
  const out = [];
  let matches = 0;
  data.resources.forEach((resource, at) => {
    if (!state.shown.has(resource.status)) return;
    const rows = parse(resource);
    const notes = resource.notes || [];
    const named = !needle || `${resource.title} ${notes.join(" ")}`.toLowerCase().includes(needle);
    const fields = state.mode === "fields" || resource.status === "hand" ? resource.fields || [] : [];
    const within = (text) => text.toLowerCase().includes(needle);
    const hits = !needle ? 0 : fields.length ? fields.filter((f) => within(`${f.path} ${f.old} ${f.new} ${f.whose}`)).length
      : rows.filter((row) => within(row.text)).length;
    if (!named && hits === 0) return;
    matches += hits + (needle && named ? 1 : 0);
    out.push({ type: "head", at, resource, stop: true });
    if (state.folded.has(at) && !hits) return;
    out.push(...notes.flatMap((note) => remark(note, state.columns)));
    if (fields.length) {
      out.push(...fields.map((field) => ({ type: "field", field, stop: field.op !== "=" })));
      return;
    }
    if (state.mode === "fields" && WHOLE[resource.status]) {
      out.push({ type: "note", text: WHOLE[resource.status] });
      return;
    }
    if (!rows.length) {
      out.push({ type: "note", text: resource.note || "Nothing differs." });
      return;
    }
    const lines = state.mode === "split" ? split(rows) : rows.map((row) => ({ type: "line", row }));
    fold(out, lines, at, state, needle);
  });
  return { rows: out, matches };
}

// A note as rows of the list, each as long as the view is wide.
function remark(note, columns) {
  const risk = note.startsWith(RISK);
  const lines = [""];
  for (const word of note.split(/\s+/)) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= columns) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.map((text, n) => ({ type: "note", text: risk && !n ? `! ${text}` : text, risk }));
}

function split(rows) {
  const out = [];
  const pair = (left, right) => out.push({ type: "pair", left, right });
  for (const { same, gone, come } of runs(rows)) {
    if (same) pair(same, same);
    let next = 0;
    for (const left of gone) {
      while (left.mate && come[next] !== left.mate) pair(null, come[next++]);
      pair(left, left.mate || null);
      if (left.mate) next += 1;
    }
    while (next < come.length) pair(null, come[next++]);
  }
  return out;
}

function same(line) {
  return line.type === "line" ? line.row.op === " " : line.left === line.right;
}

function fold(out, lines, at, state, needle) {
  const hit = (line) =>
    needle && [line.row, line.left, line.right].some((row) => row && row.text.toLowerCase().includes(needle));
  let changed = false;
  for (let i = 0; i < lines.length; ) {
    if (!same(lines[i]) || state.context) {
      const line = lines[i];
      if (!same(line) && !changed) line.stop = true;
      changed = !same(line);
      out.push(line);
      i += 1;
      continue;
    }
    let end = i;
    while (end < lines.length && same(lines[end]) && !hit(lines[end])) end += 1;
    const from = i === 0 ? i : i + KEEP;
    const to = end === lines.length ? end : end - KEEP;
    const key = `${at}:${i}`;
    if (to - from > FOLD_OVER - KEEP && !state.opened.has(key)) {
      out.push(...lines.slice(i, from), { type: "fold", count: to - from, key }, ...lines.slice(to, end));
    } else {
      out.push(...lines.slice(i, end));
    }
    if (end === i) {
      out.push(lines[i]);
      end = i + 1;
    }
    changed = false;
    i = end;
  }
}

function build(root, data, state) {
  const shell = root.querySelector(".diff");
  shell.replaceChildren();
  const bar = el("div", "bar");
  const view = el("div", "view");
  view.tabIndex = 0;
  view.setAttribute("role", "region");
  view.setAttribute("aria-label", `Difference from ${data.left} to ${data.right}; n and p go from change to change`);
  const size = el("div", "size");
  const sheet = el("div", "sheet");
  size.append(sheet);
  view.append(size);
  const foot = el("div", "foot");
  const position = el("span", "position");
  let flat = { rows: [], matches: 0 };
  let start = 0;

  // Rows are made anew when the list moves: what the keyboard is on stays so, or the list itself is.
  const held = () => {
    const active = view.getRootNode().activeElement;
    const at = [...sheet.children].findIndex((node) => node.contains(active));
    return at < 0 ? -1 : start + at;
  };
  const hold = (at) => {
    const node = sheet.children[at - start];
    const next = node && (node.matches("button") ? node : node.querySelector("button"));
    (next || view).focus({ preventScroll: true });
  };
  const draw = () => {
    const at = held();
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - 20);
    const last = Math.min(flat.rows.length, Math.ceil((view.scrollTop + view.clientHeight) / ROW) + 20);
    sheet.style.transform = `translateY(${first * ROW}px)`;
    sheet.replaceChildren(...flat.rows.slice(first, last).map((row, i) => render(row, first + i)));
    start = first;
    if (at >= 0) hold(at);
  };
  const columns = () => Math.max(30, Math.floor((view.clientWidth - 50) / LETTER));
  const refresh = () => {
    if (view.clientWidth) state.columns = columns();
    flat = flatten(data, state);
    const widest = data.widest + 16;
    size.style.height = `${flat.rows.length * ROW}px`;
    size.style.minWidth = state.mode === "split" ? "100%" : `max(100%, ${widest}ch)`;
    view.style.height = `min(${flat.rows.length * ROW + 14}px, 68vh)`;
    foot.textContent = "";
    if (!flat.rows.length) {
      foot.textContent = state.search ? `Nothing matches “${state.search}”.` : data.empty;
    } else if (state.search) {
      foot.textContent = `${flat.matches} match${flat.matches === 1 ? "" : "es"}`;
    }
    const places = flat.rows.filter((row) => row.stop && row.type !== "head").length;
    position.textContent = places === 1 ? "1 place" : `${places} places`;
    draw();
    requestAnimationFrame(draw);
  };
  const go = (step) => {
    const stops = flat.rows.map((row, i) => (row.stop && row.type !== "head" ? i : -1)).filter((i) => i >= 0);
    if (!stops.length) return;
    const here = state.at;
    const next = step > 0 ? stops.find((i) => i > here) ?? stops[0] : [...stops].reverse().find((i) => i < here) ?? stops.at(-1);
    state.at = next;
    view.scrollTop = Math.max(0, (next - 4) * ROW);
    position.textContent = `${stops.indexOf(next) + 1} of ${stops.length}`;
    draw();
  };

  const render = (row, index) => {
    if (row.type === "head") return head(row);
    if (row.type === "note") return el("div", row.risk ? "row note risk" : "row note", row.text);
    if (row.type === "fold") {
      const node = el("button", "row fold", `⋯ ${row.count} unchanged lines`);
      node.onclick = () => {
        state.opened.add(row.key);
        refresh();
      };
      return node;
    }
    if (row.type === "field") return fieldRow(row.field, index === state.at, state.search);
    const node = el("div", row.type === "line" ? "row line" : "row pair");
    if (index === state.at) node.classList.add("here");
    if (row.type === "line") {
      node.classList.add(row.row.other ? "moved" : row.row.op === "+" ? "plus" : row.row.op === "-" ? "minus" : "same");
      node.append(number(row.row.left), number(row.row.right), sign(glyph(row.row)), words(row.row, state.search));
      if (row.row.told) node.append(told(row.row));
    } else {
      node.append(half(row.left, "left", row.left !== row.right), half(row.right, "right", row.left !== row.right));
    }
    return node;
  };
  const shows = (row, other) => [row.row, row.left, row.right].includes(other);
  const told = (row) => {
    const node = el("button", "told", row.told);
    node.title = "Go to the other place";
    node.onclick = () => {
      const there = flat.rows.findIndex((one) => shows(one, row.other));
      if (there < 0) return;
      state.at = there;
      view.scrollTop = Math.max(0, (there - 4) * ROW);
      draw();
    };
    return node;
  };
  const half = (row, side, differs) => {
    const node = el("div", "half");
    if (!row) {
      node.classList.add("none");
      return node;
    }
    if (differs) node.classList.add(row.other ? "moved" : side === "left" ? "minus" : "plus");
    node.append(number(side === "left" ? row.left : row.right), sign(differs ? glyph(row) : " "), words(row, state.search));
    if (row.told) node.append(told(row));
    node.title = row.text;
    return node;
  };
  const head = (row) => {
    const { resource, at } = row;
    const open = !state.folded.has(at);
    const node = el("button", `row head ${resource.status}`);
    node.setAttribute("aria-expanded", String(open));
    const mark = STATUS[resource.status] || STATUS.changed;
    node.append(el("span", "caret", open ? "▾" : "▸"), el("span", "tag", `${mark.glyph} ${mark.word}`));
    const title = el("span", "title");
    title.append(...highlighted(resource.title, state.search));
    node.append(title);
    const risks = (resource.notes || []).filter((note) => note.startsWith(RISK)).length;
    if (risks) node.append(el("span", "risks", risks === 1 ? "! 1 risk" : `! ${risks} risks`));
    node.append(el("span", "extra", resource.extra || ""));
    node.onclick = () => {
      if (open) state.folded.add(at);
      else state.folded.delete(at);
      refresh();
    };
    return node;
  };

  bar.append(...chips(data, state, refresh));
  bar.append(searchBox(state, refresh, go));
  const sides = el("div", "sides");
  const tools = el("div", "tools");
  sides.append(el("span", "left", `− ${data.left}`), el("span", "right", `+ ${data.right}`), el("span", "gap"), tools);
  tools.append(position);
  tools.append(button("↑", "Previous change (p)", () => go(-1)), button("↓", "Next change (n)", () => go(1)));
  tools.append(
    choice("Whole files", () => state.context, () => (state.context = !state.context), refresh),
    ...choices({ unified: "Lines", split: "Side by side", fields: "Fields" }, state, refresh),
  );
  view.onscroll = draw;
  view.onkeydown = (event) => {
    if (event.key === "n" || event.key === "p") go(event.key === "n" ? 1 : -1);
    else if (event.key === "/") bar.querySelector("input").focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  shell.append(bar, sides, view, foot);
  refresh();
  new ResizeObserver(() => view.clientWidth && state.columns !== columns() && refresh()).observe(view);
}

function chips(data, state, refresh) {
  return Object.keys(STATUS)
    .filter((status) => !QUIET.has(status) || data.resources.some((r) => r.status === status))
    .map((status) => {
      const count = data.resources.filter((r) => r.status === status).length;
      const node = el("button", `chip ${status}`, `${STATUS[status].glyph} ${count} ${STATUS[status].word}`);
      const press = () => node.setAttribute("aria-pressed", String(state.shown.has(status)));
      node.title = `Show or hide what is ${STATUS[status].word}`;
      node.onclick = () => {
        if (state.shown.has(status)) state.shown.delete(status);
        else state.shown.add(status);
        press();
        refresh();
      };
      press();
      return node;
    });
}

function searchBox(state, refresh, go) {
  const box = el("input", "search");
  box.type = "search";
  box.placeholder = "Search resources and lines  ( / )";
  box.setAttribute("aria-label", "Search resources and lines");
  box.value = state.search;
  let timer = 0;
  box.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      state.search = box.value.trim();
      state.at = -1;
      refresh();
    }, 120);
  };
  box.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
  };
  return box;
}

function button(text, title, act) {
  const node = el("button", "tool", text);
  node.title = title;
  node.setAttribute("aria-label", title);
  node.onclick = act;
  return node;
}

function choice(text, on, flip, refresh) {
  const node = el("button", "tool", text);
  const press = () => node.setAttribute("aria-pressed", String(on()));
  node.onclick = () => {
    flip();
    press();
    refresh();
  };
  press();
  return node;
}

function choices(words, state, refresh) {
  const nodes = Object.keys(words).map((mode) => {
    const node = el("button", "tool", words[mode]);
    node.onclick = () => {
      state.mode = mode;
      state.at = -1;
      press();
      refresh();
    };
    return [mode, node];
  });
  const press = () => nodes.forEach(([mode, node]) => node.setAttribute("aria-pressed", String(state.mode === mode)));
  press();
  return nodes.map(([, node]) => node);
}

// One field: its place, what it was and becomes, and who made the difference.
function fieldRow(field, here, search) {
  const node = el("div", `row field${here ? " here" : ""}`);
  const path = el("span", "path");
  path.append(...highlighted(field.path || "/", search));
  node.append(el("span", "sign", field.op), path);
  const value = (text, name) => {
    const span = el("span", name);
    span.append(...highlighted(text, search));
    return span;
  };
  if (field.old) node.append(value(field.old, field.op === "=" ? "is" : "was"));
  if (field.old && field.new) node.append(el("span", "arrow", "→"));
  if (field.new) node.append(value(field.new, "becomes"));
  if (field.word) node.append(el("span", `by ${field.by}`, field.word));
  if (field.whose) node.append(el("span", "whose", field.whose));
  return node;
}

function number(value) {
  return el("span", "number", value ? String(value) : "");
}

function glyph(row) {
  return row.other ? (row.op === "-" ? "↱" : "↳") : row.op;
}

function sign(op) {
  return el("span", "sign", op === "-" ? "−" : op);
}

function words(row, search) {
  const node = el("span", "text");
  if (search || !row.mate || row.op === " ") {
    node.append(...highlighted(row.text, search));
    return node;
  }
  const other = row.mate.text;
  let start = 0;
  while (start < row.text.length && start < other.length && row.text[start] === other[start]) start += 1;
  let end = 0;
  const most = Math.min(row.text.length, other.length) - start;
  while (end < most && row.text.at(-1 - end) === other.at(-1 - end)) end += 1;
  const middle = row.text.slice(start, row.text.length - end);
  node.append(row.text.slice(0, start));
  if (middle) node.append(el("b", "", middle));
  node.append(row.text.slice(row.text.length - end));
  return node;
}

function highlighted(text, search) {
  if (!search) return [text];
  const out = [];
  const low = text.toLowerCase();
  const needle = search.toLowerCase();
  let at = 0;
  for (let hit = low.indexOf(needle); hit >= 0; hit = low.indexOf(needle, at)) {
    out.push(text.slice(at, hit), el("mark", "", text.slice(hit, hit + needle.length)));
    at = hit + needle.length;
  }
  out.push(text.slice(at));
  return out;
}
