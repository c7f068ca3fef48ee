// Owns certificate requests: approving those of kubelets that may, signing what is approved, sweeping away what is over.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../api/certificates/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import { resources } from '../../client/resources.ts';
import { type Controller, type ControllerContext, TryAgain } from '../controller.ts';
import type { CertificateAuthority, RequestFacts } from './authority.ts';
import { hasCondition, isSwept, lifeOf, planSigning, recognizersFor } from './plan.ts';

const backoff = { baseMs: 200, factor: 2, maxMs: 1_000_000 };
const sweepMs = 3_600_000;

/** The text of a request or certificate as the wire has it. */
function pemOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString();
}

function condition(type: 'Approved' | 'Failed', reason: string, message: string, nowMs: number): CertificateSigningRequestCondition {
  const at = formatTime(nowMs);
  return { type, status: 'True', reason, message, lastUpdateTime: at, lastTransitionTime: at };
}

function withCondition(request: CertificateSigningRequest, added: CertificateSigningRequestCondition): CertificateSigningRequest {
  return { ...request, status: { ...request.status, conditions: [...(request.status?.conditions ?? []), added] } };
}

/** What approver and signer share: every request that changed, as the server's watch shows it. */
function watching({ informers }: ControllerContext, name: string, work: (request: CertificateSigningRequest) => Promise<void>): Controller {
  const requests = informers.of(resources.certificateSigningRequests);
  return {
    name,
    backoff,
    async start(enqueue) {
      const changed = ({ metadata }: CertificateSigningRequest): void => enqueue(metadata.name);
      requests.on({ added: changed, updated: changed });
      await requests.start().synced;
    },
    async reconcile(key) {
      const request = requests.get('', key);
      if (request === undefined || request.status?.certificate) return undefined;
      await work(request).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      return undefined;
    },
    stop: () => requests.stop(),
  };
}

export function certificateApprovingController(context: ControllerContext, authority: CertificateAuthority): Controller {
  const { client, clock, log } = context;

  const mayDo = async ({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> => {
    const attributes = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', version: '*', subresource };
    const { status } = await client.create(resources.subjectAccessReviews, {
      metadata: {},
      spec: {
        user: spec.username ?? '',
        ...(spec.uid ? { uid: spec.uid } : {}),
        groups: spec.groups ?? [],
        extra: spec.extra ?? {},
        resourceAttributes: attributes,
      },
    });
    return status?.allowed === true;
  };

  return watching(context, 'certificatesigningrequest-approving-controller', async (request) => {
    if (hasCondition(request, 'Approved') || hasCondition(request, 'Denied')) return;
    const facts = await readOrSay(request, authority, log);
    const recognizers = facts === undefined ? [] : recognizersFor(request, facts);
    for (const { subresource, message } of recognizers) {
      if (!(await mayDo(request, subresource))) continue;
      const approved = withCondition(request, condition('Approved', 'AutoApproved', message, clock.now()));
      await client.update(resources.certificateSigningRequests, approved, { subresource: 'approval' });
      return;
    }
    // The right may be given later: nothing tells of that.
    if (recognizers.length > 0)
      throw new TryAgain('recognized the request, but its sender has not the right to have it approved by itself');
  });
}

export function certificateSigningController(context: ControllerContext, authority: CertificateAuthority, longestMs: number): Controller {
  const { client, clock, log } = context;
  return watching(context, 'certificatesigningrequest-signing-controller', async (request) => {
    if (!hasCondition(request, 'Approved') || hasCondition(request, 'Failed')) return;
    const facts = await readOrSay(request, authority, log);
    if (facts === undefined) return;
    const plan = planSigning(request, facts);
    if (plan.do === 'ignore') return;
    if (plan.do === 'fail') {
      const failed = withCondition(request, condition('Failed', 'SignerValidationFailure', plan.message, clock.now()));
      await client.updateStatus(resources.certificateSigningRequests, failed);
      return;
    }
    const { notBeforeMs, notAfterMs } = lifeOf(request, longestMs, clock.now());
    const signed = await authority.sign(pemOf(request.spec.request), request.spec.usages ?? [], notBeforeMs, notAfterMs);
    const certificate = Buffer.from(signed).toString('base64');
    await client.updateStatus(resources.certificateSigningRequests, { ...request, status: { ...request.status, certificate } });
  });
}

async function readOrSay(
  { metadata, spec }: CertificateSigningRequest,
  authority: CertificateAuthority,
  log: ControllerContext['log'],
): Promise<RequestFacts | undefined> {
  try {
    return await authority.read(pemOf(spec.request));
  } catch (error) {
    log.warn('a certificate request cannot be read', { request: metadata.name, error });
    return undefined;
  }
}

export function certificateCleaningController(
  { informers, client, clock }: ControllerContext,
  authority: CertificateAuthority,
): Controller {
  const requests = informers.of(resources.certificateSigningRequests);
  return {
    name: 'certificatesigningrequest-cleaner-controller',
    async start(enqueue) {
      await requests.start().synced;
      enqueue('round');
    },
    async reconcile() {
      for (const request of requests.list()) {
        const certificate = request.status?.certificate;
        const endsMs = certificate ? authority.endsMs(pemOf(certificate)) : undefined;
        if (!isSwept(request, endsMs, clock.now())) continue;
        const { name, uid } = request.metadata;
        await client.delete(resources.certificateSigningRequests, { name }, { preconditions: { uid } }).catch((error: unknown) => {
          if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
        });
      }
      return { againMs: sweepMs };
    },
    stop: () => requests.stop(),
  };
}
