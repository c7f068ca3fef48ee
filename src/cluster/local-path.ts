// Owns the directories of the class local-path on nodes of this process, and the class itself as an object.

import type { AnyObject, Draft } from '../api/object.ts';
import type { LocalPath } from '../controllers/local-path/local-path-controller.ts';
import { localPathProvisioner } from '../controllers/local-path/plan.ts';
import type { NodeFiles } from '../runtime/files.ts';

/** The default StorageClass: a directory of the node that its first pod was given. */
export const localPathClass: Draft<AnyObject> = {
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: localPathProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

/** Directories below `baseDir` of each node. A node that is not of this process makes its own when a pod needs one, and keeps it. */
export function localPathOn(baseDir: string, filesOf: (nodeName: string) => NodeFiles | undefined): LocalPath {
  return {
    baseDir,
    async make(nodeName, path) {
      const files = filesOf(nodeName);
      await files?.makeDirectory(path);
      await files?.chmod(path, 0o777);
    },
    async remove(nodeName, path) {
      await filesOf(nodeName)?.remove(path);
    },
  };
}
