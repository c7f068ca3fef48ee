// Owns the score for nodes that have the pod's images already, damped where few nodes have them.
import { maxNodeScore, type Plugin } from '../framework.ts';

const mebibyte = 1024 * 1024;
const leastBytes = 23 * mebibyte;
const mostBytesPerContainer = 1000 * mebibyte;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  score(pod, { images }, { nodes, imageNodes }) {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const bytes = containers.reduce((sum, { image }) => {
      const name = withTag(image ?? '');
      const size = images.get(name);
      return size === undefined ? sum : sum + Math.trunc(size * ((imageNodes.get(name) ?? 0) / nodes.length));
    }, 0);
    const most = mostBytesPerContainer * containers.length;
    return Math.trunc((maxNodeScore * (Math.min(most, Math.max(leastBytes, bytes)) - leastBytes)) / (most - leastBytes));
  },
};

/** Nodes list images with a tag or digest: a name without one means latest. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image;
}
