// Owns an explanation as people read it, line by line. Pure.
import { elsewhere, type NodeWhy, type PodWhy } from './explain.ts';

/** So many nodes are told of one by one. */
const mostNodes = 20;
/** So many nodes are named where they are alike. */
const mostNames = 5;

/** The lines. */
export function whyLines(why: PodWhy): readonly string[] {
  const name = `pod/${why.pod.name}`;
  const lines: string[] = [headline(name, why)];
  if (why.nominated) lines.push(`It is to get node ${why.nominated} once pods have gone from there.`);
  const fitting = why.nodes.filter(({ refusals }) => refusals.length === 0);
  const refusing = why.nodes.filter(({ refusals }) => refusals.length > 0);
  if (fitting.length > 0) lines.push('', 'Nodes that would take it now:', ...nodeLines(fitting, why));
  if (refusing.length > 0) lines.push('', 'Nodes that would not:', ...refusalLines(refusing));
  if (why.changes.length > 0) {
    lines.push('', 'Any one of these would place it:');
    for (const line of changeLines(why.changes)) lines.push(`  - ${line}`);
  }
  return lines;
}

function headline(name: string, { state, node, message, best }: PodWhy): string {
  if (state === 'placed') {
    if (best.length === 0) return `${name} is on node ${node}. It would not be placed anywhere now: ${message ?? ''}`;
    return best.includes(node ?? '')
      ? `${name} is on node ${node}, where it would be placed now, too.`
      : `${name} is on node ${node}. Now it would be placed on ${best.join(' or ')}.`;
  }
  if (state === 'ended') return `${name} has ended${node === undefined ? '' : ` on node ${node}`}: it needs no node.`;
  if (state === 'not ours') return `${name} is not this scheduler's: ${message ?? ''}.`;
  if (state === 'held') return `${name} is not looked at yet: ${message ?? ''}.`;
  return message === undefined ? `${name} waits, and would now be placed on ${best.join(' or ')}.` : `${name} waits: ${message}`;
}

function nodeLines(nodes: readonly NodeWhy[], { node: placed }: PodWhy): readonly string[] {
  const sorted = nodes.toSorted((a, b) => (b.total ?? 0) - (a.total ?? 0));
  const shown = sorted.filter(({ node }, at) => at < mostNodes || node === placed);
  const lines = shown.map(({ node, total, parts = {} }) => {
    if (total === undefined) return `  ${node}: the only one`;
    const sum = Object.entries(parts).filter(([, part]) => part !== 0);
    return `  ${node}${node === placed ? ' (here)' : ''}: ${total} = ${sum.map(([plugin, part]) => `${part} ${plugin}`).join(' + ') || '0'}`;
  });
  return shown.length < nodes.length ? [...lines, `  … and ${nodes.length - shown.length} more`] : lines;
}

/** Changes that differ in nothing but the node are told of together. */
function changeLines(changes: PodWhy['changes']): readonly string[] {
  const together = Map.groupBy(changes, (one) => elsewhere(one.changes, one.node, ''));
  return [...together.values()].map((alike) => {
    const [first] = alike;
    const names = [...new Set(alike.map(({ node }) => node))];
    const last = names.length <= mostNames ? names.at(-1) : `any of ${names.length - mostNames + 1} more`;
    const all = names.length === 1 ? names[0] : `${names.slice(0, Math.min(names.length, mostNames) - 1).join(', ')} or ${last}`;
    return first === undefined ? '' : elsewhere(first.changes, first.node, all ?? '');
  });
}

/** Nodes that say the same are told of together. */
function refusalLines(nodes: readonly NodeWhy[]): readonly string[] {
  const together = Map.groupBy(nodes, ({ refusals }) =>
    refusals.map(({ plugin, reasons }) => `${plugin}: ${reasons.join(', ')}`).join('; '),
  );
  return [...together].map(([words, alike]) => {
    const names = alike.map(({ node }) => node);
    const shown =
      names.length <= mostNames ? names.join(', ') : `${names.slice(0, mostNames - 1).join(', ')} and ${names.length - mostNames + 1} more`;
    return `  ${shown}: ${words}`;
  });
}
