import type { Counts } from "./counting";
import { Outbox, type Route } from "./outbox";
import type { Storage } from "./storage";

/** What is counted of a call, and what of it is not sent yet: kept from one observation to the next,
 * and from one page to the next. */
export interface Ledger {
  readonly counts: Counts;
  readonly outbox: Outbox;
  /** Whether somebody observes now: of two each would count what the other counts. */
  isObserved: boolean;
}

/** The ledgers of this page. One goes when all of it is sent and nobody observes. */
export class Ledgers {
  readonly #storage: Storage;
  readonly #byCall = new Map<string, Ledger>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  open(callSid: string, route: Route): Ledger {
    const held = this.#byCall.get(callSid);
    if (held) {
      held.outbox.follow(route);
      return held;
    }
    const { counts, unsent } = this.#storage.load(callSid);
    const outbox = new Outbox(callSid, route, unsent, (left) =>
      this.#storage.save(callSid, { at: Date.now(), counts, unsent: left }),
    );
    const ledger = { counts, outbox, isObserved: false };
    this.#byCall.set(callSid, ledger);
    return ledger;
  }

  isObserved(callSid: string): boolean {
    return this.#byCall.get(callSid)?.isObserved ?? false;
  }

  close(callSid: string): void {
    const ledger = this.#byCall.get(callSid);
    if (ledger && !ledger.isObserved && ledger.outbox.unsent === 0) this.#byCall.delete(callSid);
  }

  /** Sends what calls of earlier pages left unsent, where there are tokens for it. */
  sendOthers(callSid: string, route: Route): void {
    if (!route.renewToken) return;
    for (const other of this.#storage.others(callSid, Date.now())) {
      if (this.#byCall.has(other)) continue;
      const { outbox } = this.open(other, { ...route, token: null });
      outbox.start();
      void outbox.drained().then(() => this.close(other));
    }
  }
}
