// Owns starting one kubelet alone, on a runtime that is there or on a simulated one. Its node serves no logs or exec to an API server elsewhere yet.
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { machineFacts } from '../kubelet/node/node-facts.ts';
import { criRuntime } from '../runtime/cri/cri-runtime.ts';
import { diskFiles } from '../runtime/disk-files.ts';
import { SimulatedNetwork } from '../runtime/simulated/network.ts';
import type { Outside } from './lone-components.ts';
import { startNode } from './node.ts';
import { openSimulatedNode } from './simulated-runtime.ts';

/** What a lone kubelet needs to know. `endpoint` matters for `cri`, `podCidr` for `simulated`. */
export interface LoneKubeletOptions extends Outside {
  readonly client: Client;
  readonly name: string;
  readonly ip: string;
  readonly rootDir: string;
  readonly runtime: 'cri' | 'simulated';
  readonly endpoint: string;
  readonly clusterDns: readonly string[];
  readonly podCidr: string;
  /** Node's `process.arch`. */
  readonly architecture: string;
}

export async function startLoneKubelet(options: LoneKubeletOptions): Promise<Service> {
  const { client, clock, entropy, log, name, ip, rootDir, clusterDns } = options;
  const common = { client, clock, entropy, log, name, ip, clusterDns };
  if (options.runtime === 'simulated')
    return startNode({
      ...common,
      ...openSimulatedNode({ podCidr: options.podCidr, nodeAddress: ip, network: new SimulatedNetwork(), clock, entropy }),
      rootDir: '/var/lib/kubelet',
      logDir: '/var/log/pods',
    });
  const files = diskFiles();
  const machine = await machineFacts(files, rootDir, options.architecture);
  return startNode({
    ...common,
    runtime: criRuntime({ endpoint: options.endpoint, clock, log }),
    files,
    machine,
    rootDir,
    logDir: '/var/log/pods',
  });
}
