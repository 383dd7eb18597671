// Who is signed in.

import { computed, signal } from "@preact/signals";

import { ApiError, ask, useCsrf, whenSignedOut } from "../api/client";

export type Role = "admin" | "annotator" | "viewer";

export interface Session {
  account_sid: string;
  name: string;
  role: Role;
  csrf: string;
  expires_at: string;
  other_accounts: { account_sid: string; name: string }[];
}

/** Undefined: not known yet. Null: nobody. */
export const session = signal<Session | null | undefined>(undefined);
/** Whether a session ended by itself: what one was at is kept. */
export const hasExpired = signal(false);
export const trouble = signal<Error | null>(null);

export const mayAnnotate = computed(() => session.value != null && session.value.role !== "viewer");
export const isAdmin = computed(() => session.value?.role === "admin");

function accept(answer: Session): void {
  useCsrf(answer.csrf);
  session.value = answer;
  hasExpired.value = false;
}

export async function startSession(): Promise<void> {
  whenSignedOut(() => {
    if (session.value) hasExpired.value = true;
    session.value = null;
  });
  try {
    accept((await (await ask("/session", { isSignIn: true })).json()) as Session);
    trouble.value = null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) session.value = null;
    else {
      trouble.value = error as Error;
      setTimeout(() => void startSession(), 2000);
    }
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  accept((await (await ask("/session", { method: "POST", json: { user, password }, isSignIn: true })).json()) as Session);
}

export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" }).catch(() => null);
  session.value = null;
  hasExpired.value = false;
}
