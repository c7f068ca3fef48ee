// Owns the score for nodes that have the images of the pod's containers and volumes already, damped where few nodes have them.
import type { Pod } from '../../api/core/v1.ts';
import type { ClusterView } from '../cluster-view.ts';
import { maxNodeScore, type Plugin } from '../framework.ts';

const mebibyte = 1024 * 1024;
const leastBytes = 23 * mebibyte;
const mostBytesPerImage = 1000 * mebibyte;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  signature: (pod) => imagesOf(pod).join(),
  judge(pod, cluster) {
    const images = imagesOf(pod);
    const shares = sharesOf(images, cluster);
    const most = mostBytesPerImage * images.length;
    const nobody = shares.every((share) => share === 0);
    return {
      scoring: {
        by: 'node',
        score(node) {
          if (nobody) return 0;
          const bytes = images.reduce((sum, image, at) => sum + Math.trunc((node.images.get(image) ?? 0) * (shares[at] ?? 0)), 0);
          return Math.trunc((maxNodeScore * (Math.min(most, Math.max(leastBytes, bytes)) - leastBytes)) / (most - leastBytes));
        },
      },
      isStale: () => images.some((image, at) => share(image, cluster) !== shares[at]),
    };
  },
};

/** The part of all nodes that have each image. */
const sharesOf = (images: readonly string[], cluster: ClusterView): readonly number[] => images.map((image) => share(image, cluster));
const share = (image: string, { imageNodes, nodeCount }: ClusterView): number => {
  const nodes = imageNodes.get(image);
  return nodes === undefined ? 0 : nodes / nodeCount;
};

const imagesOf = ({ spec }: Pod): readonly string[] =>
  [
    ...[...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => image),
    ...(spec.volumes ?? []).flatMap(({ image }) => (image === undefined ? [] : [image.reference])),
  ].map((image) => withTag(image ?? ''));

/** Nodes list images with a tag or digest: a name without one means latest. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image;
}
