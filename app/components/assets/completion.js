// Words for the SQL that is typed: columns of the tables that it names, tables, functions, keywords. The editor stays
// the text area that it was; this listens to it and puts a list below the caret.
const SHOWN = 8;
const NAME = /[\p{L}_][\p{L}\p{N}_]*$/u;
const FROM = /\b(?:from|join)\s+([\p{L}_]\w*)(?:\s+(?:as\s+)?([\p{L}_]\w*))?/giu;
const ended = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  ended.get(root)?.();
  const list = root.querySelector("ul");
  const said = root.querySelector("p");
  const words = known(component.data);
  let open = null;

  const close = () => {
    open = null;
    list.hidden = true;
    said.textContent = "";
  };
  const area = (event) =>
    event.target instanceof HTMLTextAreaElement && event.target.getAttribute("aria-label") === component.data.label
      ? event.target
      : null;
  const look = (editor, asked) => {
    const found = suggest(words, editor.value, editor.selectionStart, asked);
    if (!found.items.length || editor.selectionStart !== editor.selectionEnd) return close();
    open = { editor, at: 0, ...found };
    draw();
  };
  const draw = () => {
    list.replaceChildren(...open.items.map(row));
    list.hidden = false;
    place(list, open.editor, open.from);
    said.textContent = `${open.items[open.at].name}: ${open.at + 1} of ${open.items.length}. Tab takes it, Escape closes.`;
  };
  const row = (item, n) => {
    const line = document.createElement("li");
    line.setAttribute("role", "option");
    line.setAttribute("aria-selected", String(n === open.at));
    const name = document.createElement("b");
    name.textContent = item.name;
    const kind = document.createElement("i");
    kind.textContent = item.kind;
    const help = document.createElement("span");
    help.textContent = item.help;
    line.append(name, kind, help);
    line.onmousedown = (event) => {
      event.preventDefault(); // the text area keeps the focus
      take(n);
    };
    return line;
  };
  const take = (n) => {
    const { editor, from, prefix, items } = open;
    const { name, kind } = items[n];
    const loud = kind === "keyword" && prefix && prefix === prefix.toUpperCase();
    close();
    editor.setSelectionRange(from, editor.selectionStart);
    document.execCommand("insertText", false, loud ? name.toUpperCase() : name); // as if typed: it can be undone, and Streamlit hears it
    close();
  };
  const typed = (event) => {
    const editor = area(event);
    if (editor && event.inputType !== "insertFromPaste") look(editor, false);
  };
  const pressed = (event) => {
    const editor = area(event);
    if (!editor) return;
    if (event.key === " " && event.ctrlKey) look(editor, true);
    else if (!open || event.ctrlKey || event.metaKey || event.altKey) return close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const by = event.key === "ArrowDown" ? 1 : -1;
      open.at = (open.at + by + open.items.length) % open.items.length;
      draw();
    } else if (event.key === "Enter" && open.items[open.at].name.toLowerCase() === open.prefix.toLowerCase()) {
      return close(); // the word is whole: it is a new line
    } else if (event.key === "Tab" || event.key === "Enter") take(open.at);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const left = (event) => area(event) && close();
  const moved = (event) => open && event.target !== list && close();

  const heard = { input: typed, keydown: pressed, focusout: left, scroll: moved, click: left };
  for (const [name, listener] of Object.entries(heard)) document.addEventListener(name, listener, true);
  const end = () => {
    for (const [name, listener] of Object.entries(heard)) document.removeEventListener(name, listener, true);
  };
  ended.set(root, end);
  close();
  return end;
}

function known({ tables, functions, keywords }) {
  return {
    tables: new Map(tables.map((table) => [table.name, table])),
    functions: functions.map((name) => ({ name, kind: "function", help: "" })),
    keywords: keywords.map((name) => ({ name, kind: "keyword", help: "" })),
  };
}

// What may stand at the caret, best first, and where the word begins that it replaces.
function suggest(words, text, caret, asked) {
  const before = text.slice(0, caret);
  const none = { from: caret, prefix: "", items: [] };
  if (quoted(before)) return none;
  const prefix = before.match(NAME)?.[0] ?? "";
  const from = caret - prefix.length;
  const rest = before.slice(0, from);
  const owner = rest.match(/([\p{L}_]\w*)\.$/u)?.[1];
  if (!prefix && !owner && !asked) return none;
  const named = aliases(words, text);
  let pool;
  if (owner) pool = columns(named.get(owner.toLowerCase()));
  else if (/\b(?:from|join)\s+$/i.test(rest)) pool = tables(words);
  else {
    const near = new Set(named.size ? named.values() : words.tables.values()); // before FROM is typed, any table's
    pool = [...near].flatMap(columns).concat(tables(words), words.functions, words.keywords);
  }
  const items = ranked(pool, prefix.toLowerCase());
  const whole = items.length === 1 && items[0].name.toLowerCase() === prefix.toLowerCase();
  return { from, prefix, items: whole ? [] : items };
}

// Whether the end of the text lies in a string, a quoted name or a comment.
function quoted(text) {
  const open = /'(?:[^']|'')*('|$)|"(?:[^"]|"")*("|$)|--[^\n]*(\n|$)|\/\*[\s\S]*?(\*\/|$)/g;
  for (const part of text.matchAll(open)) if (!part.slice(1).some(Boolean)) return true;
  return false;
}

function aliases(words, text) {
  const out = new Map();
  for (const [, name, alias] of text.matchAll(FROM)) {
    const table = words.tables.get(name.toLowerCase());
    if (!table) continue;
    out.set(table.name, table);
    if (alias) out.set(alias.toLowerCase(), table);
  }
  return out;
}

function columns(table) {
  return (table?.columns ?? []).map(([name, kind, help]) => ({ name, kind, help }));
}

function tables(words) {
  return [...words.tables.values()].map(({ name, help }) => ({ name, kind: "table", help }));
}

// The name itself, names that begin so, then names that hold it; each name once.
function ranked(pool, prefix) {
  const seen = new Map();
  for (const item of pool) if (!seen.has(item.name)) seen.set(item.name, item);
  const all = [...seen.values()];
  const begins = all.filter((item) => item.name.startsWith(prefix));
  begins.sort((one, other) => (other.name === prefix) - (one.name === prefix));
  const holds = prefix.length < 2 ? [] : all.filter((item) => item.name.indexOf(prefix) > 0);
  return [...begins, ...holds].slice(0, SHOWN);
}

// Below the caret: a hidden copy of the text area tells where that is.
function place(list, editor, at) {
  const style = getComputedStyle(editor);
  const copy = document.createElement("div");
  for (const name of ["font", "letterSpacing", "lineHeight", "padding", "border", "boxSizing", "tabSize"])
    copy.style[name] = style[name];
  Object.assign(copy.style, {
    position: "fixed",
    visibility: "hidden",
    whiteSpace: "pre-wrap",
    overflowWrap: "break-word",
    width: `${editor.clientWidth}px`,
  });
  const caret = document.createElement("span");
  caret.textContent = "|";
  copy.append(editor.value.slice(0, at), caret);
  document.body.append(copy);
  const box = editor.getBoundingClientRect();
  const [x, y, line] = [caret.offsetLeft, caret.offsetTop - editor.scrollTop, caret.offsetHeight];
  copy.remove();
  const below = box.top + y + line + 2;
  const high = list.offsetHeight;
  list.style.top = `${below + high > innerHeight ? box.top + y - high - 2 : below}px`;
  list.style.left = `${Math.max(4, Math.min(box.left + x, innerWidth - list.offsetWidth - 8))}px`;
}
