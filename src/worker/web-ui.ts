import type { Connection } from '@temporalio/client';

/** Key in the namespace's data under which the Web UI's address stands, so that every client can print links. */
const uiDataKey = 'calib-ui';

/** Notes the Web UI's address (for example `http://127.0.0.1:8233`) in the namespace. */
export async function recordWebUi(connection: Connection, namespace: string, ui: string): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    updateInfo: { data: { [uiDataKey]: ui } },
  });
}

/** The Web UI's page of a session; null where the namespace does not say where the UI is. */
export async function webUiLink(
  connection: Connection,
  namespace: string,
  workflowId: string,
): Promise<string | null> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  // The `temporal` program can only write values of JSON.
  const ui = namespaceInfo?.data?.[uiDataKey]?.replaceAll('"', '');
  if (!ui) return null;
  return `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
}
