import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/overview.css";
import "./styles/alerts.css";
import "./styles/calls.css";
import "./styles/call.css";
import "./styles/judgement.css";
import "./styles/setup.css";

import { render } from "preact";

import { App } from "./app/app";
import { startKeys } from "./app/keys";
import { startRouter } from "./app/router";
import { startSession } from "./app/session";
import { startTheme } from "./app/theme";

startTheme();
startRouter();
startKeys();
void startSession();
render(<App />, document.querySelector("#app")!);
