import { SidetoneRate } from "./element";

// A page may load the script twice.
if (!customElements.get("sidetone-rate")) customElements.define("sidetone-rate", SidetoneRate);
