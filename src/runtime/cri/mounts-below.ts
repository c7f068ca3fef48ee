// Owns reading what is mounted below a directory. Pure.

/** Mount points below the directories, deepest first. Pure. */
export function mountsBelow(mountinfo: string, directories: readonly string[]): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => directories.some((directory) => path.startsWith(`${directory}/`)))
    .reverse();
}
