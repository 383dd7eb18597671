import { type Counts, noCounts } from "./counting";
import { type Message, PATHS } from "./envelope";

/** What is known of a call beyond the life of a page: what was counted, what is not sent yet.
 * No token: that is for the page to keep. */
export interface Kept {
  at: number;
  counts: Counts;
  unsent: Message[];
}

const PREFIX = "sidetone.sdk:";
const AGE_MAX_MS = 24 * 3600 * 1000;

/** Of one tab. What the browser does not allow, or has no room for, is not kept. */
export class Storage {
  /** What an earlier page, or an earlier observation, left of a call. */
  load(callSid: string): Kept {
    const kept = read(PREFIX + callSid);
    return kept ?? { at: 0, counts: noCounts(), unsent: [] };
  }

  save(callSid: string, kept: Kept): void {
    try {
      sessionStorage.setItem(PREFIX + callSid, JSON.stringify(kept));
    } catch {
      // Full or forbidden. It is still in memory.
    }
  }

  /** Other calls of which something is unsent; forgets those of long ago. */
  others(callSid: string, now: number): string[] {
    return keys().flatMap((key) => {
      const kept = read(key);
      if (!kept || now - kept.at > AGE_MAX_MS) {
        sessionStorage.removeItem(key);
        return [];
      }
      const other = key.slice(PREFIX.length);
      return other !== callSid && kept.unsent.length > 0 ? [other] : [];
    });
  }
}

function keys(): string[] {
  try {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(key: string): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null;
    if (!kept?.counts?.totals?.received || !Array.isArray(kept.unsent)) return null;
    // A path that is none of ours may make another address of the server's.
    const unsent = kept.unsent.filter(({ path }) => PATHS.includes(path));
    return { ...kept, unsent };
  } catch {
    return null;
  }
}
