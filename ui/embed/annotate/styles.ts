import { sheet } from "../shared/dom";
import { BASE } from "../shared/styles";

export const STYLES = sheet(`${BASE}
.all { display: grid; gap: var(--gap); }
ul { margin-block: 4px 8px; padding-inline-start: 20px; }
.conflict { border: 1px solid var(--danger); border-radius: var(--radius); padding: 10px 12px; }
.conflict p:focus { outline: none; }
`);
