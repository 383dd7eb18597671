import { SidetoneAnnotate } from "./element";

// A page may load the script twice.
if (!customElements.get("sidetone-annotate"))
  customElements.define("sidetone-annotate", SidetoneAnnotate);
