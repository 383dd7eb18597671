import { sheet } from "../shared/dom";
import { BASE } from "../shared/styles";

export const STYLES = sheet(`${BASE}
.scores { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; }
.scores span { block-size: 100%; padding-inline: 2px; }
.scores b, .scores small { display: block; }
.scores b { font-size: 1.25em; }
.scores small { font-size: .8em; overflow-wrap: anywhere; hyphens: auto; }
[part=status]:focus { outline: none; }
`);
