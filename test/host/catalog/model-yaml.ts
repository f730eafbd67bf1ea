/** A valid model config of that name, with more lines if given. */
export function modelYaml(name: string, more = ''): string {
  return `name: ${name}\nhf_model_id: acme/${name}\nhf_datasets: []\n${more}`;
}
