// Owns the defaults of endpoint slices.
import { type GroupRules, onType } from '../kind-rules.ts';
import type { EndpointSlice } from './v1.ts';

function defaultSlice(slice: EndpointSlice): EndpointSlice {
  if ((slice.ports ?? null) === null) return slice;
  return { ...slice, ports: slice.ports?.map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })) };
}

/** The rules of the group's kinds, by kind. */
export const discoveryRules: GroupRules = {
  EndpointSlice: {
    default: onType<EndpointSlice>(defaultSlice),
    warnings: ({ addressType }) => (addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    generation: ({ endpoints, ports, addressType }) => ({ endpoints, ports, addressType }),
  },
};
