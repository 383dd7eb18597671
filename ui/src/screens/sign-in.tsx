// Who are you?

import { useEffect, useState } from "preact/hooks";

import { ApiError, explain } from "../api/client";
import { useLoad } from "../api/load";
import { go, place } from "../app/router";
import { hasExpired, keepPlace, signIn, signInMethods } from "../app/session";

/** Why nobody came back signed in from the company's provider, by the word that the server has for it. */
const REFUSALS: Record<string, string> = {
  "away": "Your company's sign-in service does not answer as it should. Try again later, or sign in by name and password.",
  "cancelled": "You did not sign in there.",
  "out-of-date": "That sign-in was begun too long ago, in another window, or is finished already. Try again.",
  "not-valid": "What your company's sign-in service answered does not hold. An administrator finds more in the log of the server.",
  "no-name": "Your company's sign-in service does not say who you are in a way that is a name here. Ask an administrator.",
  "no-role": "Your account has no access to Sidetone. Ask an administrator for a group or role that has.",
  "name-taken": "Somebody of your name signs in here another way. If that is you, ask an administrator to hand the name over to your company account.",
  "disabled": "You may not sign in here any more. Ask an administrator.",
  "busy": "Too many people are signing in. Try again in a moment.",
  "too-often": "Signing in has failed too often from where you are. Try again in a minute.",
};
const FAILED = "Signing in failed. Try again, or ask an administrator.";

export function SignIn() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  // Unless it is known, one may try by name and password.
  const provider = useLoad("sign-in-methods", signInMethods).data?.provider;
  const refused = place.value.query.get("refused");
  useEffect(() => {
    document.title = "Sign in · Sidetone";
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(user.trim(), password);
      if (place.value.path === "/sign-in") go("/", { replace: true });
    } catch (error) {
      setProblem(error as Error);
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M2 16h5l4-9 6 17 5-14 3 6h5" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" />
          </svg>
          Sidetone
        </h1>
        {refused !== null && !problem && <p class="bad-text" role="alert">{REFUSALS[refused] ?? FAILED}</p>}
        {hasExpired.value && refused === null && <p class="note" role="status">Your session has ended. Sign in to go on where you were.</p>}
        {provider && (
          <>
            <a class="button is-primary" href="/session/oidc" data-plain="" onClick={keepPlace}>{provider.label}</a>
            <p class="or">or by name and password</p>
          </>
        )}
        <label>
          Name, AccountSid or key
          <input name="user" value={user} onInput={(event) => setUser(event.currentTarget.value)} autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus />
        </label>
        <label>
          Password, auth token or secret
          <input name="password" type="password" value={password} onInput={(event) => setPassword(event.currentTarget.value)} autocomplete="current-password" required />
        </label>
        {problem && (
          <p class="bad-text" role="alert">
            {problem instanceof ApiError && problem.status === 401 ? "That name and password do not fit together." : explain(problem)}
            {problem instanceof ApiError && problem.retryAfter && ` Try again in ${problem.retryAfter} s.`}
          </p>
        )}
        <button type="submit" class={provider ? "button" : "button is-primary"} disabled={isBusy}>{isBusy ? "Signing in…" : "Sign in"}</button>
        <p class="quiet">
          The first account's AccountSid and auth token were printed when the server started, and stand in <code>credentials.json</code> of its data directory.
        </p>
      </form>
    </main>
  );
}
