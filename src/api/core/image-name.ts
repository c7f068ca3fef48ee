// Owns splitting an image name, as far as defaults need it.

/** True where an image is pulled with the tag `latest`: named so, or neither tag nor digest given. */
export function isLatestImage(image: string): boolean {
  if (image.includes('@')) return /:latest@/.test(image);
  const last = image.slice(image.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 ? last !== '' : last.slice(colon + 1) === 'latest';
}
