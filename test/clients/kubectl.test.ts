// Owns that every kubectl of this machine, from 1.20 on, does its everyday work: skipped where a release is not installed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClusterForClients, clusterForClients, run, type Said, works } from './cluster-for-clients.ts';

const newest = '/usr/lib/google-cloud-sdk/bin/kubectl.1.33';
const releases: readonly (readonly [release: string, program: string])[] = [
  ['1.20', '/opt/kubectl120/usr/bin/kubectl'],
  ...['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'].map(
    (release) => [release, `/usr/lib/google-cloud-sdk/bin/kubectl.${release}`] as const,
  ),
];

const manifest = (image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: applied, labels: {set: a}}
spec:
  selector: {matchLabels: {app: applied}}
  template:
    metadata: {labels: {app: applied}}
    spec: {containers: [{name: c, image: ${image}, ports: [{containerPort: 80}]}]}
`;

/** A command line, what it must say, and its input. Lines run one after the other. `since`: the first minor release that knows it. */
interface Step {
  readonly line: string;
  readonly says: RegExp;
  readonly input?: string;
  readonly since?: number;
  readonly fails?: true;
}

const steps: readonly Step[] = [
  { line: 'version', says: /Server Version/ },
  { line: 'api-resources --namespaced=false', says: /customresourcedefinitions/ },
  { line: 'explain deployment.spec.strategy', says: /rollingUpdate/ },
  { line: 'create configmap cm --from-literal=a=b', says: /configmap\/cm created/ },
  { line: 'create secret generic s --from-literal=a=b', says: /secret\/s created/ },
  { line: 'create quota q --hard=pods=50', says: /resourcequota\/q created/ },
  { line: 'create service nodeport svc --tcp=80:80', says: /service\/svc created/ },
  { line: 'create role r --verb=get --resource=pods', says: /role.rbac.authorization.k8s.io\/r created/ },
  { line: 'create rolebinding rb --role=r --serviceaccount=x:default', says: /rolebinding.rbac.authorization.k8s.io\/rb created/ },
  { line: 'create token default', says: /^eyJ/, since: 24 },
  { line: 'auth whoami', says: /admin/, since: 28 },
  { line: 'auth can-i list pods', says: /yes/ },
  { line: 'run p --image=busybox -- sh -c "echo hello; sleep 1000"', says: /pod\/p created/ },
  { line: 'api-versions', says: /apps\/v1/ },
  { line: 'create serviceaccount sa', says: /serviceaccount\/sa created/ },
  { line: 'create job j --image=busybox -- true', says: /job.batch\/j created/ },
  { line: 'create cronjob cj --image=busybox --schedule=@hourly -- true', says: /cronjob.batch\/cj created/, since: 21 },
  { line: 'create ingress ing --rule=a.example/x=svc:80', says: /ingress.networking.k8s.io\/ing created/ },
  {
    line: 'create poddisruptionbudget pdb --selector=app=none --min-available=1',
    says: /poddisruptionbudget.policy\/pdb created/,
    since: 21,
  },
  { line: 'create clusterrole NS-r --verb=get --resource=nodes', says: /clusterrole.rbac.authorization.k8s.io\/\S+ created/ },
  { line: 'create clusterrolebinding NS-rb --clusterrole=NS-r --user=u', says: /created/ },
  { line: 'create priorityclass NS-p --value=7', says: /priorityclass.scheduling.k8s.io\/\S+ created/ },
  { line: 'create deployment made --image=nginx', says: /deployment.apps\/made created/ },
  { line: 'run dry --image=busybox --dry-run=server -o name', says: /pod\/dry/ },
  { line: 'wait --for=condition=Ready pod/p --timeout=20s', says: /condition met/ },
  { line: 'get pods', says: /p\s+1\/1\s+Running/ },
  { line: 'get pods -o wide -l run=p', says: /node1/ },
  { line: 'get pods --sort-by=.metadata.name -o name', says: /pod\/p/ },
  { line: 'describe pod p', says: /Scheduled/ },
  { line: 'logs p', says: /hello/ },
  { line: 'exec p -- echo inside', says: /inside/ },
  { line: 'exec -i p -- cat', input: 'typed', says: /typed/ },
  // Older ones send a kind of its own, EphemeralContainers, which Kubernetes has not taken since 1.23.
  { line: 'debug p --image=busybox --container=dbg -- sleep 1', says: /^$|--profile=legacy/, since: 25 },
  { line: 'get pod p -o jsonpath={.spec.ephemeralContainers[0].name}', says: /dbg/, since: 25 },
  { line: 'run once --rm -i --restart=Never --image=busybox -- echo ended', says: /ended|deleted/ },
  { line: 'label pod p a=b', says: /labeled/ },
  { line: 'annotate pod p a=b', says: /annotate/ },
  { line: 'apply -f -', input: manifest('nginx'), says: /created/ },
  { line: 'apply -f -', input: manifest('nginx'), says: /unchanged/ },
  { line: 'diff -f -', input: manifest('nginx:2'), says: /nginx:2/, fails: true },
  { line: 'apply -f -', input: manifest('nginx:2'), says: /configured/ },
  { line: 'apply --server-side -f -', input: manifest('nginx:2'), says: /serverside-applied/ },
  { line: 'create -f -', input: manifest('nginx').replace('selector', 'selektor'), says: /unknown field|ValidationError/, fails: true },
  { line: 'rollout status deployment/applied --timeout=20s', says: /successfully rolled out/ },
  { line: 'set image deployment/applied c=nginx:3', says: /image updated/ },
  { line: 'rollout undo deployment/applied', says: /rolled back/ },
  { line: 'scale deployment/applied --replicas=2', says: /scaled/ },
  { line: 'scale deployment/applied --current-replicas=2 --replicas=3', says: /scaled/ },
  { line: 'rollout restart deployment/applied', says: /restarted/ },
  { line: 'rollout pause deployment/applied', says: /paused/ },
  { line: 'rollout resume deployment/applied', says: /resumed/ },
  { line: 'rollout history deployment/applied', says: /REVISION/ },
  { line: 'set env deployment/applied A=b', says: /env updated/ },
  { line: 'edit deployment applied', says: /edited/ },
  { line: 'patch deployment applied --type=json -p [{"op":"replace","path":"/spec/replicas","value":1}]', says: /patched/ },
  { line: 'autoscale deployment applied --max=3', says: /autoscaled/ },
  { line: 'get all', says: /deployment.apps\/applied/ },
  { line: 'replace -f -', input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {k: v}\n', says: /replaced/ },
  { line: 'replace --force -f -', input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {k: w}\n', says: /replaced/ },
  { line: 'get events', says: /Scheduled/ },
  { line: 'get pods,services,configmaps -A', says: /kube-root-ca.crt/ },
  { line: 'get secrets nope', says: /NotFound/, fails: true },
  { line: 'cordon node1', says: /cordoned/ },
  { line: 'drain node1 --pod-selector=run=p --force --grace-period=0 --timeout=20s', says: /evicted|drained/ },
  { line: 'uncordon node1', says: /uncordoned/ },
  { line: 'delete clusterrole NS-r', says: /deleted/ },
  { line: 'delete job,service,secret,serviceaccount --all', says: /deleted/ },
  { line: 'delete deployment applied', says: /deleted/ },
  { line: 'delete configmap --all', says: /deleted/ },
];

/** Splits a line as a shell would, as far as these lines need it. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"[\]{}]*)"(?=\s|$)|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

let cluster: ClusterForClients;
beforeAll(async () => {
  cluster = await clusterForClients();
});
afterAll(() => cluster.stop());

describe.concurrent.each(releases)('kubectl %s', (release, program) => {
  const minor = Number(release.split('.')[1]);
  test.skipIf(!works(program, 'version', '--client'))('does its work', { timeout: 120_000 }, async ({ expect }) => {
    const namespace = `k${minor}`;
    const common = ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(cluster.dataDir, `cache-${minor}`), '-n', namespace];
    const kubectl = (line: string, input?: string): Promise<Said> =>
      run(program, [...common, ...wordsOf(line.replaceAll('NS', namespace))], { KUBE_EDITOR: 'sed -i s/set:.a/set:\\ b/' }, input);
    await kubectl(`create namespace ${namespace}`);
    const wrong: string[] = [];
    for (const { line, says, input, since = 0, fails } of steps) {
      if (minor < since) continue;
      const { code, text } = await kubectl(line, input);
      if ((code !== 0) !== (fails === true) || !says.test(text)) wrong.push(`${line} (${code}): ${text.slice(0, 500)}`);
    }
    expect(wrong).toEqual([]);
  });
});

test.skipIf(!works(newest, 'version', '--client'))('a certificate request is approved, nodes are tainted', async () => {
  const csr = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'c' },
    spec: { request: requestText, signerName: 'example.com/any', usages: ['client auth'] },
  };
  const file = join(cluster.dataDir, 'csr.json');
  writeFileSync(file, JSON.stringify(csr));
  const kubectl = (...args: readonly string[]): Promise<Said> => run(newest, ['--kubeconfig', cluster.kubeconfig, ...args]);
  expect((await kubectl('create', '-f', file)).text).toContain('created');
  expect((await kubectl('certificate', 'approve', 'c')).text).toContain('approved');
  expect((await kubectl('get', 'csr', 'c')).text).toMatch(/admin\s.*Approved/);
  expect((await kubectl('taint', 'nodes', '--all', 'x=y:PreferNoSchedule')).text).toContain('tainted');
  expect((await kubectl('taint', 'nodes', '--all', 'x-')).text).toContain('untainted');
});

const requestText =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIV01IOENBUUF3SFRFTU1Bb0dBMVVFQ2d3RFpHVjJNUTB3Q3dZRFZRUUREQVJxWVc1bE1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVXalBvcEY2M3U2VDFFbzBORlJCTG9KMnJ5S05QQTFBeFEvSE1hNE9PCjJKT0lKc2hBREI1WEV2S3VCRGJFMHU0VlBCN2lKTGV0Z2NUT0NwRnpEeHZ0NHFBQU1Bb0dDQ3FHU000OUJBTUMKQTBjQU1FUUNJQmEvdU9vcndSS2tQbTZvYjRiWXNsME5TazVIUU8wU0NoSlFiK01XaUpQWkFpQWpXd2ZndXJCTQpSQTV3eHBFZjcvajkrcWFkQ3hFVFlFK0NrOW5LZDdabFpBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';
