/** The HTML report's whole style: system fonts, dark and light by the reader's setting, printable. */
export const reportStyle = `
:root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1d2328; --soft: #59646d; --line: #d9dcd8; --panel: #ffffff;
  --value: #2f6fb0; --worst: #b3341f; --threshold: #6d4fa3; --good: #2d7a46; }
@media (prefers-color-scheme: dark) { :root { --paper: #15191d; --ink: #e4e7e6; --soft: #9aa5ad; --line: #333b42;
  --panel: #1c2126; --value: #74b3ea; --worst: #f08a74; --threshold: #bda2ee; --good: #7cc795; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .75rem; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .35rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.1rem 0 .35rem; }
figure h3 { margin-top: 0; }
p, ul { margin: .35rem 0; }
p.context { color: var(--soft); }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88em; overflow-wrap: anywhere; }
nav ul { columns: 2 18rem; padding-left: 1.1rem; }
a { color: inherit; text-underline-offset: .15em; }
.verdict { font-weight: 600; color: var(--good); }
.metric { display: flex; flex-wrap: wrap; gap: .75rem 1.75rem; align-items: flex-start; margin: 1rem 0; padding: 1rem;
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.metric figure { margin: 0; flex: 1 1 20rem; min-width: 0; max-width: 27rem; }
.metric .beside { flex: 1 1 14rem; min-width: 0; }
.metric svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; margin: .35rem 0; }
th, td { text-align: left; padding: .22rem .8rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th, .metric td { white-space: nowrap; }
.metric th { white-space: normal; vertical-align: bottom; }
pre { font-size: .88rem; padding: .6rem .8rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
td:last-child, th:last-child { padding-right: 0; }
th { color: var(--soft); font-weight: 600; }
tr.worst td { color: var(--worst); font-weight: 600; }
tr.current td { color: var(--threshold); }
blockquote { margin: .5rem 0; padding-left: .75rem; border-left: 3px solid var(--worst); }
@media print { body { max-width: none; } .metric { break-inside: avoid; } }
`;
