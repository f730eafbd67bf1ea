import { setCurrentDetails, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** The query by which the Web UI reads a workflow's current details, answered by the SDK. */
const metadataQuery = '__temporal_workflow_metadata';

let details: (() => string) | null = null;

/** Says how the current details are made; from then on they are what it gives at the moment they are asked for. */
export function showDetails(make: () => string): void {
  details = make;
}

/**
 * Makes the current details when they are read, instead of at every change of a session: a matrix of hundreds of stages
 * changes thousands of times between two looks, and each replay of its history would make all of them again.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      activate(input, next) {
        const isRead = input.activation.jobs?.some((job) => job.queryWorkflow?.queryType === metadataQuery);
        if (isRead === true && details !== null) setCurrentDetails(details());
        next(input);
      },
    },
  ],
});
