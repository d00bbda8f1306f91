// The clock of the sandbox as the page sees it.

import { fetchClock } from "./wire.js";

export class Clock {
  virtual = true;
  #now = Date.now() / 1000;
  #readAt = performance.now();

  /** Epoch seconds in the sandbox; a real clock runs on between two readings. */
  now() {
    return this.virtual ? this.#now : this.#now + (performance.now() - this.#readAt) / 1000;
  }

  async refresh() {
    const answer = await fetchClock();
    this.#now = answer.now;
    this.#readAt = performance.now();
    this.virtual = answer.mode === "virtual";
  }
}
