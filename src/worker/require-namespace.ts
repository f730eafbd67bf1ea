import { CalibError } from '../domain/calib-error.ts';
import type { ClientSettings } from './connection.ts';

/** The part of a connection that this asks; a client's and a worker's both have it. */
export interface NamespaceService {
  workflowService: {
    describeNamespace: (request: { namespace: string }) => Promise<unknown>;
    listNamespaces: (request: { pageSize: number }) => Promise<{
      namespaces?: { namespaceInfo?: { name?: string | null } | null }[] | null;
    }>;
  };
}

/** gRPC's own number for "not found". */
const notFound = 5;
/** Named in the message at most. */
const mostNames = 10;

/**
 * Makes sure that the server has the namespace of the settings: without it every later call fails with words of the
 * protocol, and a worker polls for ever. A server that does not let this client ask (a cloud key for one namespace only) is
 * taken at its word: the calls that follow will tell.
 *
 * @throws CalibError `unreachable` naming the namespace, the server and the namespaces that it has
 */
export async function requireNamespace(
  { workflowService }: NamespaceService,
  { address, namespace }: Pick<ClientSettings, 'address' | 'namespace'>,
): Promise<void> {
  try {
    await workflowService.describeNamespace({ namespace });
  } catch (cause) {
    if (!hasCode(cause, notFound)) return;
    const others = await namesOf({ workflowService });
    const valid = others.length === 0 ? '' : `, which has: ${others.join(', ')}`;
    throw new CalibError(
      'unreachable',
      `no namespace ${namespace} on the Temporal server ${address}${valid}`,
      {
        remedy:
          'correct TEMPORAL_NAMESPACE or the namespace in temporal.toml, or create it: ' +
          `\`temporal operator namespace create --namespace ${namespace}\``,
        cause,
      },
    );
  }
}

/** Names of the server's namespaces but its own; empty where it does not tell. */
async function namesOf({ workflowService }: NamespaceService): Promise<string[]> {
  try {
    const { namespaces } = await workflowService.listNamespaces({ pageSize: mostNames + 1 });
    return (namespaces ?? [])
      .flatMap(({ namespaceInfo }) => namespaceInfo?.name ?? [])
      .filter((name) => name !== 'temporal-system')
      .slice(0, mostNames);
  } catch {
    return [];
  }
}

function hasCode(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
