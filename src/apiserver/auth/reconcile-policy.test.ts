// Owns what a start makes of default roles and bindings that somebody changed.
import { expect, test } from 'vitest';
import type { AnyObject } from '../../api/object.ts';
import { reconciledPolicy } from './reconcile-policy.ts';

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';
const policy = (fields: object, annotations: object = { [autoUpdate]: 'true' }): AnyObject =>
  ({ metadata: { name: 'r', labels: { l: '1' }, annotations }, ...fields }) as unknown as AnyObject;
const rule = (verbs: string[], resources: string[]): object => ({ apiGroups: [''], resources, verbs });
const user = (name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name });

test.each<[string, AnyObject, AnyObject, object | undefined]>([
  ['what covers all stays', policy({ rules: [rule(['*'], ['*'])] }), policy({ rules: [rule(['get'], ['pods'])] }), undefined],
  [
    'a right that was taken comes back',
    policy({ rules: [rule(['get'], ['pods']), rule(['get'], ['secrets'])] }),
    policy({ rules: [rule(['get', 'list'], ['pods'])] }),
    { rules: [rule(['get'], ['pods']), rule(['get'], ['secrets']), rule(['list'], ['pods'])] },
  ],
  ['a subject comes back', policy({ subjects: [user('b')] }), policy({ subjects: [user('a')] }), { subjects: [user('b'), user('a')] }],
  [
    'unless it is not to be touched',
    policy({ rules: [] }, { [autoUpdate]: 'false' }),
    policy({ rules: [rule(['get'], ['pods'])] }),
    undefined,
  ],
  [
    'a gathered role is not filled by hand',
    policy({ aggregationRule: { clusterRoleSelectors: [{}] }, rules: [] }),
    policy({ aggregationRule: { clusterRoleSelectors: [{}] }, rules: [rule(['get'], ['pods'])] }),
    undefined,
  ],
])('%s', (_, present, wanted, expected) => {
  const made = reconciledPolicy(present, wanted);
  if (expected === undefined) expect(made).toBeUndefined();
  else expect(made).toMatchObject(expected);
});
