// Owns the shapes that a shell script is parsed into: words with their expansions, and commands.

/** A piece of a word. Quoted pieces are neither split nor matched against files. */
export type WordPart =
  | { readonly type: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly type: 'parameter';
      readonly name: string;
      readonly operator: string;
      readonly operand: Word | undefined;
      readonly quoted: boolean;
    }
  | { readonly type: 'command'; readonly body: Command; readonly quoted: boolean }
  | { readonly type: 'arithmetic'; readonly expression: Word; readonly quoted: boolean };

/** A word: its pieces in order, side by side. */
export type Word = readonly WordPart[];

/** Where a descriptor leads; `both` is `&>`, `here` a text in the script. */
export type Redirect =
  | { readonly type: 'read' | 'write' | 'append' | 'duplicate'; readonly descriptor: number; readonly target: Word }
  | { readonly type: 'both'; readonly target: Word }
  | { readonly type: 'here'; readonly descriptor: number; readonly body: { word: Word } };

/** A command of any kind. */
export type Command =
  | {
      readonly type: 'simple';
      readonly assignments: readonly { readonly name: string; readonly value: Word }[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly type: 'pipeline'; readonly commands: readonly Command[]; readonly negated: boolean }
  | { readonly type: 'and' | 'or'; readonly left: Command; readonly right: Command }
  | { readonly type: 'list'; readonly commands: readonly Command[] }
  | { readonly type: 'background'; readonly command: Command }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly condition: Command; readonly body: Command }[];
      readonly otherwise: Command | undefined;
    }
  | { readonly type: 'while'; readonly until: boolean; readonly condition: Command; readonly body: Command }
  | { readonly type: 'for'; readonly name: string; readonly words: readonly Word[] | undefined; readonly body: Command }
  | {
      readonly type: 'case';
      readonly subject: Word;
      readonly items: readonly { readonly patterns: readonly Word[]; readonly body: Command }[];
    }
  | { readonly type: 'function'; readonly name: string; readonly body: Command }
  | { readonly type: 'group' | 'subshell'; readonly body: Command }
  | { readonly type: 'redirected'; readonly command: Command; readonly redirects: readonly Redirect[] };

/** A script that is no sh. `incomplete`: more text could make it whole. */
export class ShellSyntaxError extends Error {
  override readonly name = 'ShellSyntaxError';
  readonly incomplete: boolean;
  constructor(message: string, incomplete: boolean) {
    super(message);
    this.incomplete = incomplete;
  }
}
