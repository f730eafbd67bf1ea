/**
 * Gives every row a column of its own so that the costs add up to the least there can be (Hungarian method, with
 * potentials: rows² × columns steps).
 *
 * @param costs one line a row, all of the same length; not more rows than columns
 * @returns the column of each row
 */
export function cheapestAssignment(costs: readonly (readonly number[])[]): number[] {
  const columns = costs[0]?.length ?? 0;
  const rowPotential = new Float64Array(costs.length + 1);
  const columnPotential = new Float64Array(columns + 1);
  // Row and column 0 are none; `rowOf` gives the row, from 1, that has a column.
  const rowOf = new Int32Array(columns + 1);
  for (let row = 1; row <= costs.length; row += 1) {
    rowOf[0] = row;
    const previous = new Int32Array(columns + 1);
    const slack = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const visited = new Uint8Array(columns + 1);
    let column = 0;
    do {
      visited[column] = 1;
      const current = rowOf[column] ?? 0;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let each = 1; each <= columns; each += 1) {
        if (visited[each] === 1) continue;
        const reduced =
          (costs[current - 1]?.[each - 1] ?? 0) - (rowPotential[current] ?? 0) - (columnPotential[each] ?? 0);
        if (reduced < (slack[each] ?? 0)) {
          slack[each] = reduced;
          previous[each] = column;
        }
        if ((slack[each] ?? 0) < step) {
          step = slack[each] ?? 0;
          next = each;
        }
      }
      shift({ rowPotential, columnPotential, rowOf, slack, visited }, step);
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      const before = previous[column] ?? 0;
      rowOf[column] = rowOf[before] ?? 0;
      column = before;
    }
  }
  const assigned = costs.map(() => -1);
  for (let column = 1; column <= columns; column += 1) {
    const row = rowOf[column] ?? 0;
    if (row > 0) assigned[row - 1] = column - 1;
  }
  return assigned;
}

/** Moves the potentials of what was visited by a step, so that one more column becomes tight. */
function shift(
  search: {
    rowPotential: Float64Array;
    columnPotential: Float64Array;
    rowOf: Int32Array;
    slack: Float64Array;
    visited: Uint8Array;
  },
  step: number,
): void {
  const { rowPotential, columnPotential, rowOf, slack, visited } = search;
  for (let column = 0; column < visited.length; column += 1) {
    if (visited[column] === 1) {
      const row = rowOf[column] ?? 0;
      rowPotential[row] = (rowPotential[row] ?? 0) + step;
      columnPotential[column] = (columnPotential[column] ?? 0) - step;
    } else {
      slack[column] = (slack[column] ?? 0) - step;
    }
  }
}
