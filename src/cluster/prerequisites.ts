// Owns installing what real containers need, with Debian's package manager, while saying what happens.
import { spawn } from 'node:child_process';

/** Installs Debian packages. `say` gets one line at a time. Rejects with apt's last words. */
export async function installPackages(packages: readonly string[], say: (line: string) => void): Promise<void> {
  const apt = async (args: readonly string[]): Promise<void> => {
    const last: string[] = [];
    const child = spawn('apt-get', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    });
    const take = (chunk: Buffer): void => {
      for (const line of chunk.toString('utf8').split('\n')) {
        if (line.trim() === '') continue;
        last.push(line.trim());
        if (last.length > 5) last.shift();
        if (/^(Get:|Unpacking|Setting up)/.test(line)) say(line.trim());
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`apt-get ${args[0]} failed: ${last.join(' / ')}`);
  };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  try {
    await apt(install);
  } catch {
    // The lists may be old or absent: look once more with fresh ones.
    await apt(['update']);
    await apt(install);
  }
}
