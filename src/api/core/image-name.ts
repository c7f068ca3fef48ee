// Owns splitting an image name, as far as defaults need it.

const domain =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const parts = /^(.+?)(?::(\w[\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
const id = /^[a-f0-9]{64}$/;

/** Whether the text before the first slash names a registry rather than a part of the image's path. */
function namesRegistry(first: string): boolean {
  return first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
}

/** True where an image is pulled with the tag `latest`: named so, or neither tag nor digest given. False for what is no image's name. */
export function isLatestImage(image: string): boolean {
  const [, name = '', tag, digest] = parts.exec(image) ?? [];
  const slash = name.indexOf('/');
  const hasDomain = slash > 0 && namesRegistry(name.slice(0, slash));
  if (id.test(image) || !path.test(hasDomain ? name.slice(slash + 1) : name)) return false;
  if (hasDomain && !domain.test(name.slice(0, slash))) return false;
  return tag === undefined ? digest === undefined : tag === 'latest';
}
