// Owns how a shell leaves a loop, a function or its script: a value that is thrown.

/** Leaves a loop, a function or the script. */
export class Leave {
  readonly what: 'break' | 'continue' | 'return' | 'exit';
  readonly status: number;
  readonly levels: number;
  constructor(what: Leave['what'], status: number, levels = 1) {
    this.what = what;
    this.status = status;
    this.levels = levels;
  }
}
