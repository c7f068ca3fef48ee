// Owns the rules of endpoint slices.
import { checksOf, type GroupRules, onType } from '../kind-rules.ts';
import { endpointSliceCauses, endpointSliceUpdateCauses, endpointSliceWarnings } from './endpoint-slice-validation.ts';
import type { EndpointSlice } from './v1.ts';

function defaultSlice(slice: EndpointSlice): EndpointSlice {
  if ((slice.ports ?? null) === null) return slice;
  return { ...slice, ports: slice.ports?.map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })) };
}

/** The rules of the group's kinds, by kind. */
export const discoveryRules: GroupRules = {
  EndpointSlice: {
    default: onType<EndpointSlice>(defaultSlice),
    metaOnUpdate: 'create',
    ...checksOf<EndpointSlice>({
      validate: endpointSliceCauses,
      validateUpdate: endpointSliceUpdateCauses,
      warnings: endpointSliceWarnings,
    }),
    generation: ({ endpoints, ports, addressType }) => ({ endpoints, ports, addressType }),
  },
};
