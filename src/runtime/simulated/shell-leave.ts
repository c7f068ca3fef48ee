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

/** Runs `body` as long as `next` holds; `break` and `continue` out of it act here, or further out. Gives the last status. */
export async function loop(next: () => Promise<boolean>, body: () => Promise<number>): Promise<number> {
  let status = 0;
  while (await next()) {
    try {
      status = await body();
    } catch (error) {
      if (!(error instanceof Leave) || (error.what !== 'break' && error.what !== 'continue')) throw error;
      if (error.levels > 1) throw new Leave(error.what, 0, error.levels - 1);
      status = 0;
      if (error.what === 'break') break;
    }
  }
  return status;
}
