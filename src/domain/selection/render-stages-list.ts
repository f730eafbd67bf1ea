import type { StageDefinition } from '../stages/stage.ts';
import { groupStages } from './units.ts';
import { stageAliases, stagesByAlias, stagesByGroup } from './select.ts';

function stageLine(stage: StageDefinition): string {
  const { key, group, calibration_preset: preset, gpus } = stage;
  const facts = [
    ...(group === '' ? [] : [group]),
    ...(preset === undefined ? [] : [`preset=${preset}`]),
    ...(gpus === undefined ? [] : [`gpus=${gpus}`]),
  ];
  return `    ${key}  [${facts.join(', ')}]`;
}

/**
 * The text of `stages-list`: every base with its stages, then every group. No newline at the end.
 *
 * @param stages all stages of a model, in catalog order
 */
export function renderStagesList(stages: readonly StageDefinition[]): string {
  const bases = [...stagesByAlias(stages)].flatMap(([base, members]) => [
    `  ${base}  (${members[0]?.test ?? ''})`,
    ...members.map(stageLine),
  ]);
  const groups = [...stagesByGroup(stages)].map(([group, members]) => {
    const keys = members.map(({ key }) => key).sort();
    return `  @${group} (${keys.length}): ${keys.join(', ')}`;
  });
  return ['bases:', ...bases, 'groups:', ...groups].join('\n');
}

/** A stage as `stages-list --json` shows it: all its fields, what selects it, and the unit that runs it. */
export type ListedStage = StageDefinition & { aliases: string[]; namespace: string };

/** The stages with aliases and unit namespace, in catalog order. */
export function listStages(stages: readonly StageDefinition[]): ListedStage[] {
  const namespaceByKey = new Map(
    groupStages(stages).flatMap(({ namespace, stages: members }) =>
      members.map(({ key }) => [key, namespace] as const),
    ),
  );
  return stages.map((stage) => ({
    ...stage,
    aliases: stageAliases(stage),
    namespace: namespaceByKey.get(stage.key) ?? '',
  }));
}

/**
 * The choices shown with the one question for stages: `ALL`, every base with its test file and groups
 * (`accuracy` as `acc`), then the group shortcuts. One line each.
 */
export function renderStageChoices(stages: readonly StageDefinition[]): string[] {
  const bases = [...stagesByAlias(stages)].map(([base, members]) => {
    const names = members.flatMap(({ group }) => (group === 'accuracy' ? 'acc' : group === '' ? [] : group));
    const groups = names.length === 0 ? '' : `: ${[...new Set(names)].join(' + ')}`;
    return `${base}  (${members[0]?.test ?? ''}${groups})`;
  });
  const shortcuts = [...stagesByGroup(stages).keys()].map((group) => `@${group}`);
  return ['ALL (every stage)', ...bases, ...shortcuts];
}
