/** The style of the inbox's page: that of the app, in light and dark. Text has a contrast of at least 4.5:1. */

export const INBOX_STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbfaf7, #14181b);
  --surface: light-dark(#ffffff, #1c2226);
  --ink: light-dark(#1d2529, #e6ebec);
  --ink-soft: light-dark(#56636a, #a3b0b6);
  --line: light-dark(#dcdfdc, #333d43);
  --field-line: light-dark(#858f93, #75838b);
  --accent: light-dark(#12695f, #6fd3c4);
  --accent-ink: light-dark(#ffffff, #06231f);
  --accent-wash: light-dark(#e3f2ef, #17302d);
  --alarm: light-dark(#a32a1c, #ff9d8c);
  --alarm-wash: light-dark(#fbe9e6, #3a1d19);
  --radius: 10px;
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
  font: 16px / 1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; background: var(--paper); color: var(--ink); }
.head, main, .foot { width: 100%; max-width: 68rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2rem); }
main { padding-bottom: 2rem; }
.foot { padding-block: 1rem 2rem; color: var(--ink-soft); font-size: 0.875rem; }
.head { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding-block: 0.875rem; }
.brand { color: var(--ink); font-weight: 650; font-size: 1.125rem; letter-spacing: -0.01em; text-decoration: none; }
#live { margin: 0; color: var(--ink-soft); font-size: 0.875rem; text-align: right; }
#live:not(:empty)::before {
  content: ''; display: inline-block; width: 0.5rem; height: 0.5rem; margin-right: 0.5rem;
  border: 1.5px solid var(--ink-soft); border-radius: 50%;
}
#live[data-state='open']::before { border-color: var(--accent); background: var(--accent); }

h1 { margin: 0; font-size: clamp(1.375rem, 1.1rem + 1.4vw, 1.875rem); line-height: 1.2; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 0.5rem; font-size: 1rem; }
h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; min-width: 0; }
p { margin: 0; }
a { color: var(--accent); text-underline-offset: 0.15em; overflow-wrap: anywhere; }
code { font-family: var(--mono); font-size: 0.9em; overflow-wrap: anywhere; }
.facts, .empty, .answers, .file, dl { color: var(--ink-soft); font-size: 0.875rem; font-weight: 400; }
.notice, .problem { margin-bottom: 1.25rem; padding: 0.625rem 0.875rem; border-radius: var(--radius); background: var(--accent-wash); overflow-wrap: anywhere; }
.problem { background: var(--alarm-wash); color: var(--alarm); }

.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.75rem; }
.side { display: grid; gap: 1.75rem; align-content: start; min-width: 0; }
@media (min-width: 52rem) {
  .columns { grid-template: 'messages compose' auto 'messages side' 1fr / minmax(0, 1fr) 20rem; column-gap: 2.5rem; }
  .messages { grid-area: messages; }
  #compose { grid-area: compose; }
  .side { grid-area: side; }
}

button, input, textarea { font: inherit; color: inherit; }
button, .button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; padding: 0.5rem 1.125rem; border: 1px solid var(--accent); border-radius: var(--radius);
  background: var(--accent); color: var(--accent-ink); font-weight: 600; text-decoration: none; cursor: pointer;
}
button:disabled { opacity: 0.7; cursor: progress; }
.quiet { border-color: var(--field-line); background: transparent; color: var(--ink); font-weight: 500; }
.quiet:hover { background: var(--accent-wash); }
input, textarea {
  font-weight: 400;
  width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--field-line); border-radius: var(--radius); background: var(--surface);
}
textarea { min-height: 5rem; resize: vertical; scroll-margin-top: 14rem; }
::placeholder { color: var(--ink-soft); opacity: 1; }
:focus-visible { outline: 2.5px solid var(--accent); outline-offset: 2px; }
label { font-weight: 600; font-size: 0.9375rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; }
.visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.search { display: flex; gap: 0.5rem; margin-block: 1rem; }
.search input { flex: 1; min-width: 0; }
#compose form { display: grid; gap: 0.375rem; }
#compose .actions { margin-top: 0.375rem; }
#compose .answers { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: 0.5rem 0.75rem; border-radius: var(--radius); background: var(--accent-wash); overflow-wrap: anywhere; }
.ends ul { margin: 0; padding: 0; list-style: none; }
.ends li { display: flex; justify-content: space-between; align-items: center; gap: 1rem; min-height: 2.75rem; border-top: 1px solid var(--line); }
.ends a { flex: 1; min-width: 0; padding-block: 0.5rem; }
.ends a[aria-current] { color: var(--ink); font-weight: 650; text-decoration: none; }
.count { color: var(--ink-soft); font-size: 0.875rem; font-variant-numeric: tabular-nums; }

article { display: grid; gap: 0.5rem; padding-block: 1rem; border-top: 1px solid var(--line); min-width: 0; scroll-margin-top: 1rem; }
article:target { background: var(--accent-wash); box-shadow: 0 0 0 0.5rem var(--accent-wash); border-radius: 2px; }
article header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; }
article h3 .facts { margin-left: 0.25rem; }
.body { max-height: 24rem; overflow: hidden auto; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; border-radius: 2px; }
.answers { overflow-wrap: anywhere; }
.sealed { color: var(--accent); font-weight: 600; }
dl { display: grid; gap: 0.125rem; margin: 0; }
dl div { display: flex; flex-wrap: wrap; gap: 0 0.5rem; min-width: 0; }
dt { font-weight: 600; overflow-wrap: anywhere; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
article footer { display: flex; flex-wrap: wrap; align-items: start; gap: 0.5rem 0.75rem; }
.quiet.button, summary { min-height: 2.25rem; padding: 0.25rem 0.875rem; font-size: 0.875rem; }
details { min-width: 0; }
details[open] { flex: 1 1 18rem; }
summary { display: inline-flex; align-items: center; border: 1px solid transparent; border-radius: var(--radius); color: var(--ink-soft); cursor: pointer; }
summary::after { content: '▾'; margin-left: 0.375rem; }
summary:hover { background: var(--accent-wash); }
details form { display: grid; gap: 0.5rem; padding: 0.75rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--surface); }
details label { font-size: 0.875rem; }
.arrived { animation: arrive 1.2s ease-out; }
@keyframes arrive { from { background: var(--accent-wash); } }
.pages { display: flex; justify-content: space-between; }
.pages a { padding-block: 0.75rem; }
@media (prefers-reduced-motion: reduce) { .arrived { animation: none; } }
`
