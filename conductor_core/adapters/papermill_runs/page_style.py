"""The style sheet of an executed notebook: system fonts, light and dark by the reader's choice, nothing loaded."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --line: #d9dee6; --field: #f6f8fa; --bad: #b3261e;
  --warn: #7a5200; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --soft: #9aa5b4; --line: #333c49; --field: #161b22;
  --bad: #ff8a80; --warn: #e3b341; --link: #79b8ff; } }
body { margin: 0; background: Canvas; color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
.cell { display: grid; grid-template-columns: 2rem minmax(0, 1fr); margin: .6rem 0; }
.count { color: var(--soft); font: 12px/1.9 ui-monospace, monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 12.5px/1.5 ui-monospace, monospace; }
.cell .code { background: var(--field); border: 1px solid var(--line); border-radius: 6px; padding: .45rem .6rem; }
.injected .code { border-style: dashed; }
.out { margin: .4rem 0 0; padding: 0 .6rem; overflow-x: auto; }
.out.err { color: var(--warn); }
.out.failed { border-left: 3px solid var(--bad); }
.out.note { color: var(--soft); font-style: italic; }
img { max-width: 100%; background: #fff; border-radius: 6px; }
table { border-collapse: collapse; font-size: 13px; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: left; }
.ansi-bold { font-weight: bold; } .ansi-underline { text-decoration: underline; }
.ansi-red-fg, .ansi-red-intense-fg { color: var(--bad); }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: var(--warn); }
.ansi-blue-fg, .ansi-blue-intense-fg, .ansi-cyan-fg, .ansi-cyan-intense-fg { color: var(--link); }
.ansi-green-fg, .ansi-green-intense-fg { color: light-dark(#1a7f37, #56d364); }
.ansi-magenta-fg, .ansi-magenta-intense-fg { color: light-dark(#8250df, #d2a8ff); }
"""
