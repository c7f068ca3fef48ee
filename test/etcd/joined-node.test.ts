// Proves that a machine that joined by one control plane goes on by the other when the first is killed, and comes back while it is away.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ensureBundle, home } from '../cli/peapod-process.ts';
import { etcdMissing } from './etcd-process.ts';

// A network and processes of its own, which end with the command: addresses that machines elsewhere could have, and nothing that stays.
const apart = ['--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
const missing =
  etcdMissing() ??
  (spawnSync('unshare', [...apart, 'ip', 'link', 'set', 'lo', 'up']).status === 0 ? undefined : 'namespaces may not be made here') ??
  (spawnSync('kubectl', ['version', '--client']).status === 0 ? undefined : 'kubectl is missing');
if (missing !== undefined) console.log(`a joined machine with two control planes is not tested: ${missing}`);

const script = `
ip link set lo up
ip link add pp0 type bridge; ip link set pp0 up
for last in 1 2 9; do ip address add 192.0.2.$last/24 dev pp0; done
etcd --data-dir $DIR/etcd --log-level error --listen-client-urls http://192.0.2.9:2379 --advertise-client-urls http://192.0.2.9:2379 \\
  --listen-peer-urls http://192.0.2.9:2380 >$DIR/etcd.log 2>&1 &
until (echo > /dev/tcp/192.0.2.9/2379) 2>/dev/null; do sleep 0.05; done
shared="--runtime simulated --nodes 0 --port 6443 --store etcd://192.0.2.9:2379 --detach"
./peapod up $shared --data-dir $DIR/one --bind 192.0.2.1
mkdir -p $DIR/two/pki; cp $DIR/one/pki/{ca.crt,ca.key,service-account.key} $DIR/two/pki/
./peapod up $shared --data-dir $DIR/two --bind 192.0.2.2
joining=$(./peapod token create --data-dir $DIR/one | grep -o 'join https.*')
./peapod $joining --runtime simulated --data-dir $DIR/worker --node-name worker1 --detach
until grep -q 192.0.2.2 $DIR/worker/membership.json; do sleep 0.05; done
kill -9 $(pgrep -f "data-dir $DIR/one")
two="kubectl --kubeconfig $DIR/two/kubeconfig"
$two run after --image=nginx:1.25.3
$two wait --for=condition=Ready pod/after --timeout=60s
./peapod down --data-dir $DIR/worker
./peapod join --runtime simulated --data-dir $DIR/worker --detach
$two wait --for=condition=Ready node/worker1 --timeout=60s
$two run again --image=nginx:1.25.3
$two wait --for=condition=Ready pod/again --timeout=60s
echo all went on
`;

test.skipIf(missing !== undefined)(
  'a joined machine outlives the control plane that it joined by',
  async () => {
    ensureBundle();
    const dir = mkdtempSync(join(tmpdir(), 'peapod-outlives-'));
    try {
      const { stdout } = await promisify(execFile)('unshare', [...apart, 'bash', '-ec', script], {
        cwd: home,
        env: { ...process.env, DIR: dir },
        timeout: 150_000,
        killSignal: 'SIGKILL',
      });
      expect(stdout).toContain('all went on');
      expect(JSON.parse(readFileSync(join(dir, 'worker/membership.json'), 'utf8'))).toMatchObject({
        server: 'https://192.0.2.1:6443',
        otherServers: expect.arrayContaining(['https://192.0.2.2:6443']),
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  160_000,
);
