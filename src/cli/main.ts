// Owns the command line: its words, its help, and how an error ends it. What a command does lives in commands/, loaded when it is called.
import { Command, CommanderError, Option } from 'commander';
import { controllerFlags } from '../cluster/controller-flags.ts';

const program = new Command('peapod')
  .description('Kubernetes in one process: real pods, the real API, and the reasons why.')
  .version('0.1.0', '--version')
  .showHelpAfterError('(peapod --help lists the commands)')
  .exitOverride()
  .addHelpText(
    'after',
    `
First steps:
  peapod up                      start a cluster with one node, and stay in the foreground
  kubectl get nodes              (in another terminal) look at it
  kubectl run hello --image=nginx
  peapod down                    stop it and its pods; the objects stay for the next up
`,
  );

const dataDir = ['--data-dir <dir>', 'where everything is kept (default: /var/lib/peapod as root, else in your data home)'] as const;
const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** The flags that `up` and a lone API server share. */
function serverFlags(command: Command): Command {
  return command
    .option(...dataDir)
    .option('--port <port>', "the API's port (default: 6443)")
    .option('--bind <address>', "the API's address (default: 127.0.0.1: this machine only)")
    .option('--advertise-address <address>', 'the address at which other machines reach the API (default: that of --bind)')
    .option(
      '--service-cidr <range>',
      'addresses of Services; two, of IPv4 and IPv6, with a comma between: dual stack (default: 10.96.0.0/16)',
    )
    .option(
      '--store <where>',
      'embedded (on disk), memory (forgotten at the end), etcd://HOST:PORT[,HOST:PORT] or etcds://… (TLS; several control planes can share it); default: embedded',
    )
    .option('--etcd-prefix <path>', 'the prefix of all keys in etcd (default: /peapod)')
    .option('--etcd-cafile <file>', 'the authority that signed the certificate of etcds://… (default: those that Node.js trusts)')
    .option('--etcd-certfile <file>', 'the certificate by which etcd knows this control plane')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--pki <dir>', 'where the keys lie that control planes on one etcd share (default: DIR/pki; made where missing)');
}

serverFlags(program.command('up').allowExcessArguments())
  .summary('start a cluster; ready when its node is Ready')
  .description(
    'Starts a cluster and stays in the foreground until Ctrl-C, which leaves containers running; `peapod down` stops those too. Installs what is missing on Debian and Ubuntu when run as root.',
  )
  .option('--detach', 'return once the cluster is ready')
  .option('--runtime <which>', 'auto, cri (real containers) or simulated (default: auto)')
  .option('--runtime-endpoint <socket>', 'a container runtime that is already there, unix:///PATH')
  .option('--nodes <n>', 'how many nodes; 0: a control plane only (default: 1)')
  .option('--taint-control-plane', 'keep pods off the first node, as clusters made by kubeadm do')
  .option('--without <components>', 'leave out scheduler, controllers, kubelet, proxy, dns (separated by commas)')
  .option('--cluster-cidr <range>', 'addresses of pods; two likewise (default: 10.42.0.0/16)')
  .option('--load-balancer-pool <range>', 'addresses that Services of type LoadBalancer get (default: none, they stay pending)')
  .option('--registry-mirror <mirror>', "HOST[/PREFIX]=URL: ask there instead; '*' for every registry; repeatable", collect)
  .option('--token-auth-file <file>', 'static tokens, a line each: token,user,uid,"group1,group2"')
  .option('--scheduler-config <file>', "a KubeSchedulerConfiguration (default: upstream's defaults)")
  .option('--cluster-signing-duration <duration>', 'the longest life of certificates that nodes and others ask for (default: 8760h)')
  .action(async (flags, command: Command) => (await import('./commands/up.ts')).up(flags, command.args));

program
  .command('join')
  .argument('[url]', 'the API of the control plane, as peapod token create prints it; not needed to come back')
  .summary('make this machine a node of a cluster elsewhere, and stay in the foreground')
  .description(
    'Becomes a node of the cluster: peapod token create on its control plane prints the whole command. Started again without url and token it comes back; peapod down stops it with its pods.',
  )
  .option('--token <token>', 'a token of the cluster')
  .option('--ca-hash <hash>', "sha256:… of the cluster's authority; repeatable", collect)
  .option('--node-name <name>', "the node's name (default: the machine's)")
  .option('--node-ip <address>', "the node's address (default: the one that reaches the API)")
  .option('--detach', 'return once the node is Ready')
  .option(...dataDir)
  .option('--runtime <which>', 'cri (real containers) or simulated (default: cri)')
  .option('--registry-mirror <mirror>', "HOST[/PREFIX]=URL: ask there instead; '*' for every registry; repeatable", collect)
  .option('--port <port>', "the port of the node's own server (default: 10250)")
  .option('--cgroup-root <path>', "where pods' cgroups are (default: /kubepods)")
  .action(async (url: string | undefined, flags) => (await import('./commands/join.ts')).join(url, flags));

const token = program.command('token').summary('tokens by which machines join');
token
  .command('create')
  .argument('[token]', 'the token itself (default: a random one)')
  .summary('make a token, and print the command by which a machine joins')
  .option(...dataDir)
  .option('--ttl <duration>', 'how long it can be used; 0: for ever (default: 24h)')
  .option('--usages <list>', 'signing, authentication, or both (default: both)')
  .option('--groups <list>', 'as whom it speaks (default: system:bootstrappers:kubeadm:default-node-token)')
  .option('--description <text>', 'what it is for')
  .action(async (text: string | undefined, flags) => (await import('./commands/token.ts')).create(text, flags));
token
  .command('list')
  .summary('list the tokens that there are')
  .option(...dataDir)
  .action(async (flags) => (await import('./commands/token.ts')).list(flags));
token
  .command('delete')
  .argument('<token...>', 'tokens, or their first parts')
  .summary('delete tokens')
  .option(...dataDir)
  .action(async (tokens: readonly string[], flags) => (await import('./commands/token.ts')).remove(tokens, flags));

program
  .command('down')
  .summary('stop a cluster, its pods and its network rules')
  .option(...dataDir)
  .option('--delete', 'remove its data as well')
  .action(async (flags) => (await import('./commands/down.ts')).down(flags));

program
  .command('status')
  .summary('say whether a cluster runs, where, and how its nodes are')
  .option(...dataDir)
  .action(async (flags) => (await import('./commands/status.ts')).status(flags));

program
  .command('why <what>')
  .summary('say why a pod is where it is or waits, node by node, and what would change it: why pod/NAME')
  .option(...dataDir)
  .option('--kubeconfig <file>', 'how to reach the API (default: that of the data directory)')
  .option('-n, --namespace <namespace>', "the pod's namespace (default: default)")
  .option('--what-if <file>', 'suppose that these objects were so (YAML; - is standard input); repeatable', collect)
  .option('-o, --output <form>', 'json')
  .action(async (what, flags) => (await import('./commands/why.ts')).why(what, flags));

program
  .command('kubeconfig')
  .summary("print the admin's kubeconfig")
  .option(...dataDir)
  .action(async (flags) => (await import('./commands/kubeconfig.ts')).kubeconfig(flags));

program
  .command('doctor')
  .summary('say what this machine can and cannot do, and what to install')
  .action(async () => (await import('./commands/doctor.ts')).doctor());

const node = program.command('node').summary('try what happens when a node dies, comes back, or loses its network');
for (const [action, summary] of [
  ['stop', 'switch it off, with everything that runs on it'],
  ['shutdown', 'switch it off as a machine should be: its pods end first (20 s), critical ones last (10 s)'],
  ['start', 'switch it on again'],
  ['cut', 'take its network away; what runs there goes on'],
  ['heal', 'give it its network back'],
] as const)
  node
    .command(action)
    .argument('<name>', 'the node, as kubectl get nodes shows it')
    .summary(summary)
    .option(...dataDir)
    .action(async (name: string, flags) => (await import('./commands/node.ts')).node(action, name, flags));

const image = program.command('image').summary("images on this machine's node, without a registry");
image
  .command('load')
  .argument('<file>', 'an archive as docker save or OCI tools make it; - for standard input')
  .summary('load the images of an archive')
  .option(...dataDir)
  .option('--name <repository>', 'what images are called that the archive does not name')
  .action(async (file: string, flags) => (await import('./commands/image.ts')).load(file, flags));
image
  .command('list')
  .summary('list the images that are there')
  .option(...dataDir)
  .action(async (flags) => (await import('./commands/image.ts')).list(flags));

serverFlags(program.command('apiserver'))
  .summary('run the API server alone')
  .action(async (flags) => (await import('./commands/apiserver.ts')).apiserver(flags));

for (const [name, summary] of [
  ['scheduler', 'run the scheduler alone, against any Kubernetes API'],
  ['controllers', 'run the controllers alone, against any Kubernetes API'],
  ['kubelet', 'run a node alone, against any Kubernetes API'],
  ['proxy', "program this machine's rules for Services alone, against any Kubernetes API"],
  ['dns', "run the cluster's DNS server alone, against any Kubernetes API"],
] as const) {
  const command = program.command(name).summary(summary).requiredOption('--kubeconfig <file>', 'how to reach the API');
  if (name === 'scheduler') {
    command
      .option('--config <file>', "a KubeSchedulerConfiguration (default: upstream's defaults)")
      .option(
        '--leader-elect [value]',
        'whether to take a Lease first, so that of several one schedules (default: true, or what the file says)',
      );
  }
  if (name === 'controllers')
    for (const flag of controllerFlags) command.option(`--${flag.name} ${flag.reading === 'switch' ? '[value]' : '<value>'}`, flag.help);
  if (name === 'kubelet') {
    command
      .option('--hostname-override <name>', "the node's name (default: node1)")
      .option('--node-ip <address>', "the node's address (default: 127.0.0.1)")
      .option('--root-dir <dir>', 'where the node keeps volumes (default: /var/lib/peapod-kubelet)')
      .option('--runtime <which>', 'cri or simulated (default: cri)')
      .option('--container-runtime-endpoint <socket>', 'the container runtime (default: unix:///run/containerd/containerd.sock)')
      .option('--cluster-dns <address>', 'the DNS server that pods are told of (default: 10.96.0.10)')
      .option('--port <port>', "the port of the node's own server (default: 10250)")
      .option('--client-ca-file <file>', 'whose client certificates that server believes (default: the CA of the kubeconfig)')
      .option('--pod-manifest-path <dir>', 'the folder of static pods (default: none)')
      .option('--pod-logs-dir <dir>', "where pods' logs are kept (default: /var/log/pods)")
      .option(
        '--eviction-hard <thresholds>',
        "when pods are evicted, as in memory.available<100Mi,nodefs.available<10% (default: upstream's)",
      )
      .option('--shutdown-grace-period <duration>', 'how long pods have to end when the machine goes down, told by SIGPWR (default: 30s)')
      .option('--shutdown-grace-period-critical-pods <duration>', 'how much of that is kept for critical pods (default: 10s)')
      .option('--cgroup-root <path>', "where pods' cgroups are (default: /kubepods)")
      .addOption(new Option('--until-stdin-ends', 'end when the program that started it does').hideHelp())
      .option('--pod-cidr <range>', 'addresses of simulated pods (default: 10.42.0.0/24)');
  }
  if (name === 'proxy' || name === 'dns')
    command.option('--cluster-cidr <range>', 'addresses of pods; two with a comma between: one of each IP family (default: 10.42.0.0/16)');
  if (name === 'proxy') command.option('--hostname-override <name>', "the node's name (default: node1)");
  if (name === 'dns')
    command
      .option('--service-cidr <range>', 'addresses of Services (default: 10.96.0.0/16)')
      .option('--bind <address>', 'where it listens (default: 127.0.0.1)')
      .option('--port <port>', 'its port, UDP and TCP (default: 53)');
  command.action(async (flags) => {
    const lone = await import('./commands/component.ts');
    if (name === 'scheduler') await lone.scheduler(flags);
    else if (name === 'controllers') await lone.controllers(flags);
    else if (name === 'proxy') await lone.proxy(flags);
    else if (name === 'dns') await lone.dns(flags);
    else await lone.kubelet(flags);
  });
}

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    process.stderr.write(`peapod: ${error instanceof Error ? error.message : String(error)}\n`);
    if (process.env['PEAPOD_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
