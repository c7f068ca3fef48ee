// Owns what a container is made of, from its spec, its environment and its mounts. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { ContainerConfig, Device, ImageStatus, Mount } from '../../runtime/runtime.ts';
import { expand } from '../env/expand.ts';
import type { Member } from '../pod/model.ts';
import { linuxResources } from '../resources/qos.ts';
import { containerAnnotations, containerLabels, logPathOf } from './labels.ts';
import type { NodePlaces } from './sandbox-config.ts';
import { checkNonRoot, containerSecurity } from './security.ts';

export interface ContainerInput {
  readonly pod: Pod;
  readonly member: Member;
  readonly attempt: number;
  readonly backoffMs: number;
  readonly image: ImageStatus;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  /** The node's file for the termination message. */
  readonly messageFile: string;
  readonly targetId: string | undefined;
}

/** Throws ConfigError where the container must not be made (the state then says CreateContainerConfigError). */
export function containerConfigOf(input: ContainerInput, places: NodePlaces): ContainerConfig {
  const { pod, member, attempt, image, environment } = input;
  const { spec } = member;
  checkNonRoot(pod, member, image);
  const lookup = (name: string): string | undefined => environment.get(name);
  return {
    metadata: { name: spec.name, attempt },
    image: image.id,
    userImage: spec.image ?? '',
    command: (spec.command ?? []).map((text) => expand(text, lookup)),
    args: (spec.args ?? []).map((text) => expand(text, lookup)),
    workingDir: spec.workingDir ?? '',
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: input.mounts,
    devices: input.devices,
    labels: containerLabels(pod, member),
    annotations: containerAnnotations(pod, member, attempt, input.backoffMs, input.messageFile),
    logPath: logPathOf(spec.name, attempt),
    stdin: spec.stdin === true,
    stdinOnce: spec.stdinOnce === true,
    tty: spec.tty === true,
    resources: linuxResources(pod, spec, places.memoryBytes),
    security: containerSecurity(pod, member, places.rootDir, input.targetId, image),
    ...(spec.lifecycle?.stopSignal === undefined ? {} : { stopSignal: spec.lifecycle.stopSignal }),
  };
}
