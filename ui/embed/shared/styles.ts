/** What both components look like unless the page says otherwise. Colors are those of the page and
 * of its color scheme. */
export const BASE = `
:host {
  display: block;
  font: var(--sidetone-font, 15px/1.4 system-ui, sans-serif);
  color: var(--sidetone-text, light-dark(#1b1b1b, #f2f2f2));
}
:host([hidden]) { display: none; }
/* Not of the host: there a page's own names would be the same as these. */
:host > * {
  --accent: var(--sidetone-accent, light-dark(#0b5cad, #7db8f5));
  --on-accent: var(--sidetone-on-accent, light-dark(#fff, #06213d));
  --muted: var(--sidetone-muted, light-dark(#595959, #b3b3b3));
  --border: var(--sidetone-border, light-dark(#767676, #8f8f8f));
  --danger: var(--sidetone-danger, light-dark(#a8201a, #ff9d94));
  --field: var(--sidetone-field, light-dark(#fff, #1f1f1f));
  --radius: var(--sidetone-radius, 6px);
  --gap: var(--sidetone-gap, 12px);
}
* { box-sizing: border-box; }
form { display: grid; gap: var(--gap); margin: 0; }
fieldset { border: 0; margin: 0; padding: 0; min-inline-size: 0; }
legend, .label { font-weight: 600; padding: 0; margin-block-end: 4px; display: block; }
label { cursor: pointer; }
.choices { display: flex; flex-wrap: wrap; gap: 6px; }
.choice { position: relative; }
.choice input { position: absolute; inset: 0; opacity: 0; margin: 0; inline-size: 100%; block-size: 100%; cursor: pointer; }
.choice span {
  display: block; padding: 5px 11px; border: 1px solid var(--border); border-radius: var(--radius);
  background: var(--field); text-align: center; min-block-size: 24px;
}
.choice input:hover + span { border-color: var(--accent); }
.choice input:checked + span { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.choice input[value=""]:checked + span { background: transparent; color: var(--accent); }
:is(input, select, textarea, button):focus-visible, .choice input:focus-visible + span {
  outline: 3px solid var(--accent); outline-offset: 2px;
}
.choice input:disabled + span { opacity: .6; }
textarea, select, input[type=text] {
  font: inherit; color: inherit; background: var(--field); inline-size: 100%; padding: 6px 8px;
  border: 1px solid var(--border); border-radius: var(--radius);
}
textarea { resize: vertical; min-block-size: 3.6em; }
[aria-invalid=true] { border-color: var(--danger); }
button {
  font: inherit; padding: 6px 16px; border: 1px solid var(--accent); border-radius: var(--radius);
  background: var(--accent); color: var(--on-accent); cursor: pointer; min-block-size: 32px;
}
button.second { background: transparent; color: var(--accent); }
button:disabled { opacity: .6; cursor: default; }
p { margin: 0; }
.hint { color: var(--muted); font-size: .87em; }
.bad { color: var(--danger); }
.row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
[hidden] { display: none !important; }
@media (forced-colors: active) {
  .choice input:checked + span, .choice input[value=""]:checked + span { forced-color-adjust: none; background: Highlight; color: HighlightText; }
}
`;
