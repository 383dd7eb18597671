// Who are you?

import { useEffect, useState } from "preact/hooks";

import { ApiError, explain } from "../api/client";
import { go, place } from "../app/router";
import { hasExpired, signIn } from "../app/session";

export function SignIn() {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
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
        {hasExpired.value && <p class="note" role="status">Your session has ended. Sign in to go on where you were.</p>}
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
        <button type="submit" class="button is-primary" disabled={isBusy}>{isBusy ? "Signing in…" : "Sign in"}</button>
        <p class="quiet">
          The first account's AccountSid and auth token were printed when the server started, and stand in <code>credentials.json</code> of its data directory.
        </p>
      </form>
    </main>
  );
}
