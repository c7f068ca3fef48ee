// Proves which users Windows containers may run as.
import { expect, test } from 'vitest';
import { judgeCreate } from '../../testing/judged-object.ts';

const at = 'spec.containers[0].securityContext.windowsOptions.runAsUserName';

test.each([
  ['ContainerUser', []],
  ['DOMAIN\\user', []],
  ['', ['runAsUserName cannot be an empty string']],
  ['a\\b\\c', ['runAsUserName cannot contain more than one backslash']],
  ['a:b\\c', ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]],
  ['..', ["runAsUserName's User cannot contain only periods or spaces"]],
  ['a@b', [`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`]],
])('a container as %j', (runAsUserName, errors) => {
  const container = { name: 'c', image: 'x', securityContext: { windowsOptions: { runAsUserName } } };
  const wanted = errors.map((error) => `${at}: Invalid value: ${JSON.stringify(runAsUserName)}: ${error}`);
  expect(judgeCreate('pods', { spec: { os: { name: 'windows' }, containers: [container] } }).refusals).toEqual(wanted);
});
