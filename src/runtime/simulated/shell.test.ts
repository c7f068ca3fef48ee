// Owns the tables of what the simulated sh and its tools do: one script a row, with what it prints (and [code] where that is not 0).
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a shell's parameters
import { beforeAll, describe, expect, test } from 'vitest';
import { SimulationBench } from './bench-for-tests.ts';

const bench = new SimulationBench();
let id = '';

beforeAll(async () => {
  const sandbox = await bench.sandbox();
  await bench.start('nginx:1.25.3', { metadata: { name: 'web', attempt: 0 }, logPath: 'web.log' }, sandbox);
  id = await bench.start('busybox:1.36', { command: ['sleep', '360000'], env: { COLOR: 'blue' } }, sandbox);
});

const groups: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  sequences: [
    ['echo a; echo b', 'a\nb\n'],
    ['true && echo yes || echo no', 'yes\n'],
    ['false && echo yes || echo no', 'no\n'],
    ['false; echo $?', '1\n'],
    ['! true; echo $?', '1\n'],
    ['(exit 3); echo $?', '3\n'],
    ['{ echo a; echo b; } | wc -l', '2\n'],
    ['echo a # not this', 'a\n'],
    ['exit 7', '[7]'],
    ['nosuch', 'sh: nosuch: not found\n[127]'],
    ['set -e; false; echo never', '[1]'],
    ['set -e; if false; then :; fi; false || true; echo still', 'still\n'],
    ['echo "unfinished', 'sh: syntax error: unterminated quoted string\n[2]'],
    ['fi', 'sh: syntax error: unexpected "fi"\n[2]'],
  ],
  loops: [
    ['for i in 1 2 3; do echo $i; done', '1\n2\n3\n'],
    ['i=0; while [ $i -lt 2 ]; do i=$((i+1)); echo $i; done', '1\n2\n'],
    ['until [ -e /tmp/u ]; do touch /tmp/u; sleep 1; done; echo there', 'there\n'],
    ['while true; do echo once; break; done', 'once\n'],
    ['for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done', '1\n3\n'],
    ['for i in 1 2; do for j in 1 2; do break 2; done; echo never; done; echo out', 'out\n'],
    ['printf "a b\\nc d\\n" | while read x y; do echo "$y$x"; done', 'ba\ndc\n'],
    ['case hello in h*) echo starts;; *) echo other;; esac', 'starts\n'],
    ['case b in a|b) echo ab;; esac', 'ab\n'],
  ],
  words: [
    ['x="a  b"; echo $x; echo "$x"', 'a b\na  b\n'],
    ['echo \'$HOME\' "$HOME"', '$HOME /root\n'],
    ['echo $(echo in; echo side) "$(echo two; echo lines)"', 'in side two\nlines\n'],
    ['echo `echo old`', 'old\n'],
    ['echo ${NONE:-default} ${COLOR:+set} ${#COLOR}', 'default set 4\n'],
    ['f=/a/b.txt; echo ${f##*/} ${f%.*} ${f%%/*}x', 'b.txt /a/b x\n'],
    ['echo ${NONE:?must be there}; echo never', 'sh: NONE: must be there\n[2]'],
    ['echo $((2 + 3 * 4)) $(( (1 << 4) % 5 )) $((1 > 2))', '14 1 0\n'],
    ['echo $((1 / 0))', 'sh: divide by zero\n[2]'],
    ['A=1 env | grep ^A=; echo "[$A]"', 'A=1\n[]\n'],
    ['mkdir -p /tmp/g; touch /tmp/g/1.txt /tmp/g/2.txt; cd /tmp/g; echo *.txt [1]* *.none', '1.txt 2.txt 1.txt *.none\n'],
    ['f() { echo "$1-$#"; return 3; }; f a b; echo $?', 'a-2\n3\n'],
    ['set -- a "b c"; for w in "$@"; do echo "$w"; done', 'a\nb c\n'],
    ['cat <<EOF\nhi $COLOR\nEOF', 'hi blue\n'],
    ["cat <<'EOF'\nhi $COLOR\nEOF", 'hi $COLOR\n'],
    ['eval "y=5"; echo $y', '5\n'],
  ],
  redirections: [
    ['echo one > /tmp/r; echo two >> /tmp/r; cat < /tmp/r', 'one\ntwo\n'],
    ['ls /none 2>/dev/null; echo $?', '1\n'],
    ['{ echo out; echo err >&2; } 2>&1 | grep err', 'err\n'],
    ['echo x > /no/dir/f; echo $?', "1\nsh: can't create /no/dir/f: No such file or directory\n"],
    ['exec > /tmp/all; echo hidden; cat /tmp/all >&2', 'hidden\n'],
    ['yes 0123456789abcdef | head -c 20', '0123456789abcdef\n012'],
    ['head -c 3 /dev/zero | wc -c', '3\n'],
    ['echo to > /dev/null; echo err > /dev/stderr', 'err\n'],
  ],
  jobs: [
    ['sleep 5 & wait; echo done', 'done\n'],
    ['sleep 100 & kill $!; wait $!; echo $?', '143\n'],
    ['sleep 100 & kill -9 $!; wait $!; echo $?', '137\n'],
    ["trap 'echo caught; exit 5' TERM; kill $$; echo never", 'caught\n[5]'],
    ["trap '' TERM; kill $$; echo alive", 'alive\n'],
    ["trap 'echo bye' EXIT; echo hi", 'hi\nbye\n'],
    ["trap 'echo t' USR1; (sleep 1; kill -USR1 $$) & wait; echo after", 't\nafter\n'],
    ['timeout 1 sleep 10; echo $?', '143\n'],
    ['kill -9 99999', "kill: can't kill pid 99999: No such process\n[1]"],
  ],
  tools: [
    ['grep -c a /etc/passwd; grep -q nope /etc/passwd; echo $?', '2\n1\n'],
    ['echo "a:b:c" | cut -d: -f2,3', 'b:c\n'],
    ['echo hello | sed "s/l/L/g; s/^h/H/"', 'HeLLo\n'],
    ['seq 3 | sort -r | tr "\\n" ,', '3,2,1,'],
    ['printf "%s=%03d\\n" a 7 b 8', 'a=007\nb=008\n'],
    ['echo "b\na\nb" | sort | uniq -c', '      1 a\n      2 b\n'],
    ['mkdir /tmp/t; echo hi > /tmp/t/f; tar cf - -C /tmp t | tar tf -', 't/\nt/f\n'],
    ['mkdir /tmp/x; tar cf - -C /tmp t | tar xf - -C /tmp/x; cat /tmp/x/t/f', 'hi\n'],
    ['ln -s /etc/hostname /tmp/l; readlink /tmp/l; cat /tmp/l', '/etc/hostname\npod-1\n'],
    ['rm /tmp/none; rm -f /tmp/none; echo $?', "0\nrm: can't remove '/tmp/none': No such file or directory\n"],
    ['rm /tmp/g', "rm: can't remove '/tmp/g': Is a directory\n[1]"],
    ['test -e /none', '[1]'],
    ['printf abcdef | tail -c 2; printf abcdef | tail -c +5', 'efef'],
    ['cd /tmp; env | grep -E "^(PWD|SHLVL)="', 'PWD=/tmp\nSHLVL=1\n'],
    ['[ 1 -lt x ]', '[: x: bad number\n[2]'],
    ['date -d @0 +%Y-%m-%dT%H:%M:%SZ', '1970-01-01T00:00:00Z\n'],
    ['hostname; id -u; basename /a/b.c .c; dirname /a/b', 'pod-1\n0\nb\n/a\n'],
    ['busybox echo via busybox', 'via busybox\n'],
    ['dd if=/dev/zero of=/tmp/dd bs=1k count=3 2>/dev/null; stat -c %s /tmp/dd', '3072\n'],
    ['find /tmp/t -type f', '/tmp/t/f\n'],
    ['echo a b | xargs -n 1 echo x', 'x a\nx b\n'],
    ["printf '#!/bin/sh\\necho script $1\\n' > /tmp/s.sh; chmod +x /tmp/s.sh; /tmp/s.sh ok; sh /tmp/s.sh too", 'script ok\nscript too\n'],
  ],
  network: [
    ['wget -qO- http://127.0.0.1 | grep -c Welcome', '2\n'],
    ['wget -qO- http://127.0.0.1/none', 'wget: server returned error: HTTP/1.1 404 Not Found\n[1]'],
    ['wget -qO- http://127.0.0.1:81', "wget: can't connect to remote host (127.0.0.1): Connection refused\n[1]"],
    ['wget -qO- http://nowhere.example', "wget: bad address 'nowhere.example'\n[1]"],
    ['curl -s -o /dev/null -w "%{http_code}" http://localhost/', '200'],
    ['nc -z 127.0.0.1 80; echo $?; nc -z 127.0.0.1 81; echo $?', '0\n1\n'],
    ['nslookup nowhere > /dev/null', "nslookup: can't resolve 'nowhere'\n[1]"],
  ],
};

for (const [name, rows] of Object.entries(groups)) {
  describe(name, () => {
    test.each(rows)('%s', async (script, expected) => {
      expect(await bench.sh(id, script)).toBe(expected);
    });
  });
}

test('a busy loop takes processor time and leaves the world alone', async () => {
  const started = bench.clock.now();
  expect(await bench.sh(id, 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; echo $i')).toBe('1000\n');
  expect(bench.clock.now() - started).toBeGreaterThan(50);
});
