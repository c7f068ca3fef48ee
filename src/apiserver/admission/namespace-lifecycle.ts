// Owns that nothing is created in a namespace that is missing or going, and that the namespaces a cluster needs stay.
import type { Namespace } from '../../api/core/v1.ts';
import { forbidden, notFound, StatusError } from '../../api/status-error.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { refusal } from './plugin.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const namespaces = { group: '', resource: 'namespaces' };

/** 404 for a namespace that is not there; 403 with the cause NamespaceTerminating for one that is going. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  admit(attributes, context) {
    const { operation, kind, namespace, name, object } = attributes;
    if (kind.group === '' && kind.resource === 'namespaces') {
      if (operation === 'DELETE' && immortal.has(name)) throw forbidden(namespaces, name, 'this namespace may not be deleted');
      return object;
    }
    if (namespace === '' || (operation !== 'CREATE' && operation !== 'UPDATE') || kind.group === 'authorization.k8s.io') return object;
    const found = context.objects.get(namespaces, '', namespace) as unknown as Namespace | undefined;
    if (found === undefined) throw notFound(namespaces, namespace);
    if (operation !== 'CREATE' || found.status?.phase !== 'Terminating') return object;
    const going = refusal(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`);
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
    throw new StatusError('Forbidden', going.message, { details: { ...going.details, causes: [cause] } });
  },
};
