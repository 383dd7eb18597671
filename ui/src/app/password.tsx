// One's own password.

import { useState } from "preact/hooks";

import { ApiError, explain } from "../api/client";
import { Dialog } from "../parts/dialog";
import { changePassword } from "./session";
import { toast } from "./toast";

export function PasswordForm({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (event: Event) => {
    event.preventDefault();
    if (next !== again) {
      setProblem("The new password and its repetition differ.");
      return;
    }
    setBusy(true);
    try {
      await changePassword(current, next);
      toast("Your password is changed. You are signed out everywhere else.");
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError && error.parameter === "password" ? "That is not your current password." : explain(error));
      setBusy(false);
    }
  };
  const field = (label: string, value: string, set: (value: string) => void, autocomplete: string) => (
    <label class="field-label">{label}
      <input class="field" type="password" value={value} required minLength={autocomplete === "new-password" ? 10 : undefined} autocomplete={autocomplete} onInput={(event) => { set(event.currentTarget.value); setProblem(null); }} />
    </label>
  );
  return (
    <Dialog title="Change your password" onClose={onClose}>
      <form class="judge" onSubmit={(event) => void save(event)}>
        {field("Current password", current, setCurrent, "current-password")}
        {field("New password, of 10 characters or more", next, setNext, "new-password")}
        {field("New password again", again, setAgain, "new-password")}
        {problem && <p class="bad-text" role="alert">{problem}</p>}
        <footer class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="submit" class="button is-primary" disabled={isBusy}>Change it</button></footer>
      </form>
    </Dialog>
  );
}
