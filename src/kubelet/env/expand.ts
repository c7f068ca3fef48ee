// Owns the expansion of $(NAME) in values, commands and paths. Pure.

/**
 * Replaces `$(NAME)` by what `lookup` gives; an unknown name stays as it is written, `$$` is one dollar sign. A name goes
 * up to the first closing bracket, so that references are not looked for within references.
 * Source: Kubernetes' documentation of dependent environment variables.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (found === '$$') return '$';
    return (name === undefined ? undefined : lookup(name)) ?? found;
  });
}
