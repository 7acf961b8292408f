// Asking the desk while the pointer moves: one request under way, the newest wish next, everything between forgotten.

export class Latest<A, R> {
  readonly #ask: (argument: A) => Promise<R>;
  readonly #answered: (argument: A, answer: R) => void;
  readonly #failed: (thrown: unknown) => void;
  #busy = false;
  #next: { argument: A } | null = null;
  #round = 0;

  constructor(
    ask: (argument: A) => Promise<R>,
    answered: (argument: A, answer: R) => void,
    failed: (thrown: unknown) => void = () => undefined,
  ) {
    this.#ask = ask;
    this.#answered = answered;
    this.#failed = failed;
  }

  wish(argument: A): void {
    this.#next = { argument };
    if (!this.#busy) void this.#run();
  }

  /** Forgets the wish; an answer still under way is thrown away. */
  forget(): void {
    this.#next = null;
    this.#round += 1;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next !== null) {
      const { argument } = this.#next;
      const round = this.#round;
      this.#next = null;
      try {
        const answer = await this.#ask(argument);
        if (round === this.#round) this.#answered(argument, answer);
      } catch (thrown) {
        if (round === this.#round) this.#failed(thrown);
      }
    }
    this.#busy = false;
  }
}
