/** What a browser remembers from page to page. Where it may not, it is remembered in this page. */
export class Memory<T> {
  readonly #key: string;
  readonly #nothing: T;
  #here: string | null = null;

  constructor(key: string, nothing: T) {
    this.#key = key;
    this.#nothing = nothing;
  }

  get(): T {
    try {
      return JSON.parse(this.#read() ?? "null") ?? this.#nothing;
    } catch {
      return this.#nothing;
    }
  }

  set(value: T): void {
    this.#here = JSON.stringify(value);
    try {
      localStorage.setItem(this.#key, this.#here);
      this.#here = null;
    } catch {
      // Full or forbidden.
    }
  }

  #read(): string | null {
    if (this.#here !== null) return this.#here;
    try {
      return localStorage.getItem(this.#key);
    } catch {
      return null;
    }
  }
}
