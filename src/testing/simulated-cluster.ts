// Owns the published door for tests: a whole Kubernetes cluster inside a test, under a clock that the test moves. No sockets, no disk, no waiting.
export {
  openVirtualCluster as openSimulatedCluster,
  type VirtualCluster as SimulatedCluster,
  type VirtualClusterOptions as SimulatedClusterOptions,
} from '../cluster/virtual-cluster.ts';
