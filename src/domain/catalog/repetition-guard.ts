/** What is inside a group, as far as it decides how long a match may take. */
interface GroupShape {
  /** A quantifier that leaves a choice stands inside. */
  varies: boolean;
  /** A choice between alternatives whose first character does not decide it. */
  branches: boolean;
  /** First character of each alternative: null where it is not a plain one, undefined before anything was read. */
  starts: (string | null | undefined)[];
}

export interface Quantifier {
  min: number;
  /** `Infinity` for no upper bound. */
  max: number;
}

/** Each run of unknown length may cost a factor of the text's length. */
const maxUnbounded = 5;
/** Each choice between more and fewer may cost a factor of two. */
const maxVarying = 16;

/**
 * Refuses patterns that may take exponentially long: the matcher has no time limit, and one such pattern in a config
 * would hang every command that reads it. Fed with a pattern's parts in order.
 *
 * Every method throws SyntaxError with the reason where the pattern is not allowed.
 */
export class RepetitionGuard {
  readonly #groups: GroupShape[] = [newGroup()];
  /** The group that has just ended, which a quantifier would repeat. */
  #ended: GroupShape | null = null;
  #isFirst = false;
  #unbounded = 0;
  #varying = 0;

  /** A single character or class; `character` where it is a plain one. */
  atom(character: string | null): void {
    const { starts } = this.#current();
    const last = starts.length - 1;
    this.#isFirst = starts[last] === undefined;
    if (this.#isFirst) {
      starts[last] = character?.toLowerCase() ?? null;
    }
    this.#ended = null;
  }

  open(): void {
    this.atom(null);
    this.#groups.push(newGroup());
  }

  alternative(): void {
    this.#current().starts.push(undefined);
    this.#ended = null;
  }

  close(): void {
    const group = this.#groups.length > 1 ? this.#groups.pop() : undefined;
    if (group === undefined) {
      throw new SyntaxError('unbalanced parenthesis');
    }
    const isDecided =
      group.starts.every((start) => typeof start === 'string') &&
      new Set(group.starts).size === group.starts.length;
    const branches = group.branches || (group.starts.length > 1 && !isDecided);
    const parent = this.#current();
    parent.varies ||= group.varies;
    parent.branches ||= branches;
    this.#ended = { ...group, branches };
    this.#isFirst = false;
  }

  quantifier({ min, max }: Quantifier): void {
    const repeated = this.#ended;
    if (max > 1 && repeated !== null && (repeated.varies || repeated.branches)) {
      throw new SyntaxError(
        'a repeated group may hold neither a repetition nor alternatives that begin alike, which could take for ever',
      );
    }
    const group = this.#current();
    if (min === 0 && this.#isFirst) {
      group.starts[group.starts.length - 1] = null;
    }
    if (min !== max) {
      group.varies = true;
      this.#varying += 1;
      this.#unbounded += max > maxVarying ? 1 : 0;
    }
    if (this.#unbounded > maxUnbounded || this.#varying > maxVarying) {
      throw new SyntaxError(`more than ${maxUnbounded} repetitions such as .* could take for ever`);
    }
    this.#ended = null;
  }

  #current(): GroupShape {
    return this.#groups.at(-1) ?? newGroup();
  }
}

function newGroup(): GroupShape {
  return { varies: false, branches: false, starts: [undefined] };
}
